"""Recovery of a running service: killed while files stream in, kept out, started again.

`tests.faults` kills at every single call.
"""

from __future__ import annotations

import collections
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.errors import SiteBusy
from gateway.model import State
from gateway.pipeline import take_up
from gateway.stages.arrive import arrive
from gateway.stages.context import Report
from tests.pipeline.plant import Plant, confirmation, name_of, route

ROOT = Path(__file__).resolve().parents[2]


class Service:
    """A `gateway run` process on a plant, which can be killed and does not outlive its test."""

    def __init__(self, plant: Plant) -> None:
        command = [sys.executable, "-m", "gateway.cli.main", "--site", str(plant.directory), "run", "--json"]
        self._said = plant.directory.parent / f"service-{time.monotonic_ns()}.txt"
        with open(self._said, "wb") as said:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT)

    def __enter__(self) -> Service:
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.kill()
        self._process.wait()

    def until(self, is_so: Callable[[], bool]) -> None:
        """Return once ``is_so``; fail where the process ends before, or a minute passes."""
        end = time.monotonic() + 60
        while not is_so():
            assert self._process.poll() is None, self._said.read_text()
            assert time.monotonic() < end, self._said.read_text()
            time.sleep(0.005)

    def end(self, number: signal.Signals) -> int:
        """Send the signal ``number`` and return the exit status."""
        self._process.send_signal(number)
        return self._process.wait(timeout=60)


@pytest.mark.slow
def test_a_service_killed_while_files_stream_in_delivers_each_once(tmp_path: Path) -> None:
    """The gateway shall deliver each file once, in order, through kills of a real process at work."""
    plant = Plant.build(
        tmp_path / "site",
        route(completeness="{require: [rename]}", sequence="{model: counter, start: 1}"),
    )
    config = plant.directory / "config" / "gateway.yaml"
    config.write_text(
        config.read_text().replace("routes:", "  interval: 10ms\n  limits: {batch_files: 7}\nroutes:")
    )
    outbox, inbox = plant.directory / "outbox" / "erp", plant.inbox()
    received: list[str] = []

    def send(first: int, last: int) -> None:
        for control in range(first, last + 1):
            temporary = inbox / f"{control}.tmp"
            temporary.write_bytes(confirmation(control))
            temporary.rename(inbox / name_of(control))

    def receive() -> int:
        for name in sorted(name for name in os.listdir(outbox) if not name.startswith(".")):
            (outbox / name).unlink()
            received.append(name)
        return len(received)

    for kill, wanted in enumerate((3, 20, 45)):
        with Service(plant) as service:
            send(kill * 20 + 1, kill * 20 + 20)
            service.until(lambda wanted=wanted: receive() >= wanted)  # type: ignore[misc]
            assert service.end(signal.SIGKILL) == -signal.SIGKILL
    with Service(plant) as service:
        service.until(lambda: receive() >= 60)
        assert service.end(signal.SIGTERM) == 0
    receive()
    assert collections.Counter(received).most_common(1)[0][1] == 1
    assert received == [name_of(control) for control in range(1, 61)]
    assert set(plant.states().values()) == {State.PROCESSED}
    assert list(inbox.iterdir()) == []
    plant.demand_proof()


def test_a_second_gateway_is_kept_out(plant: Plant) -> None:
    """The gateway shall refuse a second process on its site, and let it in once the first has ended."""
    plant.drop_confirmation(1)
    with Service(plant) as service:
        service.until(lambda: plant.delivered() == [name_of(1)])
        with pytest.raises(SiteBusy):
            plant.run()
        assert service.end(signal.SIGTERM) == 0
    plant.run()


def test_what_a_crash_left_open_goes_on_before_anything_new(plant: Plant) -> None:
    """The gateway shall bring what was claimed to its end first, also where the source is away by then."""
    plant.drop_confirmation(1)
    with plant.working() as context:
        (settings,) = context.site.routes
        next(arrive(context, settings, Report("confirmations")))
        take_up(context, settings, Report("confirmations"))
    assert plant.states() == {name_of(1): State.CLAIMED}
    plant.configure(route(source="{path: away/inbox, pattern: '*.csv'}"))
    (report,) = plant.run()
    assert [problem.error.code for problem in report.problems] == ["source-unavailable"]
    assert plant.states() == {name_of(1): State.PROCESSED}
    plant.demand_proof()

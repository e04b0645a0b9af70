"""`gateway run` between two directories of a real server: through an outage, and hundreds of passes."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from gateway.model import State
from tests.pipeline.plant import Plant, confirmation, name_of, route
from tests.service.conftest import Running, running, until
from tests.sftp.openssh import OpenSsh

_RETRY = "{first: 1s, cap: 1s, open_after: 1}"


def _plant(plant: Plant, sshd: OpenSsh, every: str) -> tuple[Path, Path]:
    """Let the plant pull from one directory of the server and push into another; return both."""
    places = [sshd.root / name for name in ("out", "done", "in")]
    for place in places:
        place.mkdir()
    out, done, into = (sshd.remote(place) for place in places)
    pull = f'{{type: sftp, server: erp, path: {out}, pattern: "*.csv", acknowledge: move, move_to: {done}}}'
    push = f"{{far: {{type: sftp, server: erp, path: {into}, retry: {_RETRY}}}, near: {{path: outbox/near}}}}"
    plant.configure(route("remote", source=pull, destinations=push, schedule=f"{{every: {every}}}"))
    path = plant.directory / "config" / "gateway.yaml"
    servers = sshd.yaml(retry=_RETRY, connect_timeout="2s")
    path.write_text(
        path.read_text(encoding="utf-8").replace("routes:\n", f"{servers}routes:\n"), encoding="utf-8"
    )
    (plant.directory / "outbox" / "near").mkdir(parents=True)
    return places[0], places[2]


def _send(out: Path, control: int) -> None:
    """Write a file as a careful sender does: under another name first."""
    (out / ".part").write_bytes(confirmation(control))
    (out / ".part").rename(out / name_of(control))


def test_an_outage_of_a_partner_is_a_delay(plant: Plant) -> None:
    """While the server is away its files shall wait; when it is back everything shall arrive once."""
    with OpenSsh() as sshd:
        out, into = _plant(plant, sshd, "1s")
        with running(plant) as service:
            _send(out, 1)
            until((into / name_of(1)).exists, "the first file")
            sshd.stop()
            service.event("circuit-opened")
            _send(out, 2)
            sshd.start()
            until((into / name_of(2)).exists, "the second file")
            service.event("circuit-closed")
            until(lambda: set(plant.states().values()) == {State.PROCESSED}, "both in the archive")
            service.signal(signal.SIGTERM)
            assert service.ends() == 0
        assert sorted(path.name for path in into.iterdir()) == [name_of(1), name_of(2)]
        assert list(out.iterdir()) == []
    assert plant.delivered("near") == [name_of(1), name_of(2)]
    plant.demand_proof()


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_hundreds_of_passes_leak_nothing(plant: Plant) -> None:
    """Hundreds of passes over a server shall leave no connection, thread or descriptor behind."""
    with OpenSsh() as sshd:
        out, into = _plant(plant, sshd, "1s")
        with running(plant) as service:
            _passed(service, out, into, 1, 20)
            before, sessions = service.held(), len(sshd.sessions())
            for begin in range(20, 200, 20):
                sshd.kill_sessions()
                _passed(service, out, into, begin, begin + 20)
            after = service.held()
            assert after[0] <= before[0] + 2, "threads"
            assert after[1] <= before[1] + 4, "file descriptors"
            assert len(sshd.sessions()) <= sessions + 1
            service.signal(signal.SIGTERM)
            assert service.ends() == 0
    plant.demand_proof()


def _passed(service: Running, out: Path, into: Path, begin: int, end: int) -> None:
    for control in range(begin, end):
        _send(out, control)
        if control % 4 == 0:
            until((into / name_of(control)).exists, f"file {control}: {service.log.read_text()[-2000:]}")

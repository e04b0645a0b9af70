"""`gateway run` as a process: what wakes it, what stops it, and how it takes a changed configuration."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.ledger import alerts, audit
from gateway.model import AuditEntry, State
from tests.pipeline.plant import ROUTE, Plant, confirmation, name_of, route
from tests.service.conftest import Running, running, until

#: Nothing but events and signals wakes a route in these tests.
_SELDOM = "  interval: 1h\n"


def _configure(plant: Plant, routes: str, more: str = "") -> None:
    plant.configure(routes)
    path = plant.directory / "config" / "gateway.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("routes:\n", f"{_SELDOM}{more}routes:\n"), encoding="utf-8")


def _entries(plant: Plant, action: str) -> list[AuditEntry]:
    with plant.opened() as context, context.ledger.read() as connection:
        return [one.entry for one in audit.read(connection, action=action)]


@pytest.fixture
def service(plant: Plant) -> Iterator[Running]:
    """Return a service whose passes begin with events alone."""
    _configure(plant, ROUTE)
    with running(plant, WATCHDOG_USEC="2000000") as process:
        process.hears("READY=1")
        process.event("watch-found")
        yield process


@pytest.mark.parametrize(
    "passes", [12, pytest.param(250, marks=[pytest.mark.slow, pytest.mark.timeout(400)])]
)
def test_a_service_from_its_start_to_its_end(service: Running, passes: int) -> None:
    """The service shall take what comes when it comes, tell systemd, and end with 0; nothing may leak."""
    plant = service.plant
    (plant.directory / "outbox" / "erp").mkdir(parents=True, exist_ok=True)
    plant.drop_confirmation(1)
    until(lambda: service.delivered(name_of(1)), "the first file")
    service.event("pass-ended")
    before = service.held()
    for control in range(2, passes):
        plant.drop_confirmation(control)
        until(lambda control=control: service.delivered(name_of(control)), f"file {control}")  # type: ignore[misc]
    service.hears("WATCHDOG=1")
    after = service.held()
    assert after[0] <= before[0] + 1, "threads"
    assert after[1] <= before[1] + 4, "file descriptors"
    assert service.state().phase == "running"
    service.signal(signal.SIGTERM)
    assert service.ends() == 0
    service.hears("STOPPING=1")
    assert service.event("stopping")["signal"] == "SIGTERM"
    assert service.event("stopped")["seconds"] < 10
    plant.demand_proof()


def test_a_changed_configuration_is_taken_whole_or_not_at_all(service: Running) -> None:
    """SIGHUP shall take up what is right and refuse what is not, both with what is different on record."""
    plant = service.plant
    _configure(plant, ROUTE + route("more", destinations="{erp: {path: outbox/more}}"))
    service.signal(signal.SIGHUP)
    service.event("reloaded")
    service.hears("RELOADING=1")
    until(lambda: "more" in [lane.name for lane in service.state().lanes], "the new lane")
    service.event("watch-found", 2)
    plant.drop("one.csv", confirmation(1), "more")
    until((plant.directory / "failed" / "more" / "one.csv").exists, "a file on the new route")

    _configure(plant, route("more", source='{pattern: "*.csv", password: hunter2}'))
    service.signal(signal.SIGHUP)
    service.event("reload-refused")
    assert "more" in [lane.name for lane in service.state().lanes]
    assert "password" in (service.state().refused or "") or service.events("reload-refused")[0]["details"]

    _configure(plant, ROUTE)
    service.signal(signal.SIGHUP)
    service.event("reloaded", 2)
    until(
        lambda: [lane.name for lane in service.state().lanes] == ["confirmations", "alerts"], "one lane less"
    )
    service.signal(signal.SIGTERM)
    assert service.ends() == 0

    changed = [entry.new or {} for entry in _entries(plant, "configuration-in-force")]
    paths = [change["path"] for new in changed for change in new.get("changes", ())]
    assert "routes.more" in paths
    (refused,) = _entries(plant, "configuration-refused")
    assert refused.new is not None
    assert "hunter2" not in str(refused.new)
    assert any("password" in problem for problem in refused.new["problems"])
    assert "hunter2" not in service.log.read_text(encoding="utf-8")


@contextlib.contextmanager
def _silent_server() -> Iterator[tuple[int, list[socket.socket]]]:
    """Yield the port of a server that never says anything, and the connections that it took."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def take() -> None:
            with contextlib.suppress(OSError):
                while True:
                    taken.append(listener.accept()[0])

        threading.Thread(target=take, daemon=True).start()
        yield listener.getsockname()[1], taken
        listener.shutdown(socket.SHUT_RDWR)
    for one in taken:
        one.close()


def _with_partner(plant: Plant, port: int, key: Path) -> None:
    key.write_text("none", encoding="utf-8")
    key.chmod(0o600)
    remote = "{erp: {type: sftp, server: partner, path: in}}"
    server = (
        f"servers:\n  partner: {{host: 127.0.0.1, port: {port}, user: u, connect_timeout: 60s,"
        f" host_keys: ['SHA256:{'A' * 43}'], login: {{key: {key}}}}}\n"
    )
    _configure(plant, route("slow", destinations=remote) + ROUTE, server + "service: {stop_within: 3s}\n")


def _delivering(plant: Plant, name: str) -> int:
    return sum(row.state is State.DELIVERING and row.route == name for row in plant.transfers())


def test_a_partner_that_hangs_costs_only_its_own_lane(plant: Plant) -> None:
    """While one partner says nothing, other routes shall go on, and the end come within its time."""
    with _silent_server() as (port, taken):
        _with_partner(plant, port, plant.directory.parent / "key")
        (plant.directory / "inbox" / "slow").mkdir()
        plant.drop(name_of(1), confirmation(1), "slow")
        with running(plant) as service:
            until(lambda: taken, "a delivery under way")
            plant.drop_confirmation(2)
            until(lambda: service.delivered(name_of(2)), "a file on the other route")
            plant.drop(name_of(3), confirmation(3), "slow")
            until(lambda: _delivering(plant, "slow") == 2, "the next file of the same route")
            service.signal(signal.SIGTERM)
            assert service.ends() == 0
            assert service.event("stopped")["seconds"] < 3.5
    assert {row.state.value for row in plant.transfers()} == {"delivering", "processed"}
    plant.demand_proof()


def test_what_does_not_end_in_time_is_left_to_the_next_start(plant: Plant) -> None:
    """A lane that will not end shall be left with status 71 and its name; nothing shall be lost by that."""
    mark = plant.directory.parent / "begun"
    command = f"[/bin/sh, -c, 'touch {mark}; sleep 12']"
    slow = f"alerts:\n  channels: {{pager: {{type: command, command: {command}, timeout: 30s}}}}\n"
    _configure(plant, ROUTE, f"{slow}  rules: [{{to: [pager]}}]\nservice: {{stop_within: 1s}}\n")
    plant.drop("bad.csv", b"no confirmation")
    with running(plant) as service:
        until(mark.exists, "an alert under way")
        service.signal(signal.SIGTERM)
        assert service.ends() == 71
        assert service.event("left-unfinished")["lanes"] == ["alerts"]
    with plant.working() as context, context.ledger.read() as connection:
        (message,) = alerts.unsent(connection)
    assert message.sent_at is None
    plant.demand_proof()

"""Whether the service is at work: the verdict, the command, and the pages on loopback."""

from __future__ import annotations

import dataclasses
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.clock import SystemClock
from gateway.custody.guard import SiteGuard
from gateway.custody.layout import Layout
from gateway.errors import ConfigurationError, InternalError
from gateway.operations.opening import open_site
from gateway.rules import health as rules
from gateway.rules.health import Health, LaneSign, Signs
from gateway.service.board import Board
from gateway.service.http import HealthServer
from gateway.service.monitor import Monitor
from gateway.service.snapshot import Cached, Snapshot
from gateway.stages.context import Context, Report
from tests.cli.plant import GOOD, WRONG, Plant

GOOD_SIGNS = Signs(free_bytes=10**12, minimum_free_bytes=10**6, lanes=(LaneSign("orders"), LaneSign("boms")))


def _stands(**changes: Any) -> rules.Verdict:
    return rules.verdict(dataclasses.replace(GOOD_SIGNS, **changes))


@pytest.mark.parametrize(
    ("changes", "health", "word"),
    [
        ({}, Health.HEALTHY, ""),
        ({"at_work": False}, Health.FAILED, "No gateway is at work"),
        ({"silent_seconds": None}, Health.FAILED, "no sign of life yet"),
        ({"silent_seconds": 59.0}, Health.HEALTHY, ""),
        ({"silent_seconds": 61.0}, Health.FAILED, "no sign of life for 61 s"),
        ({"silent_seconds": float("inf")}, Health.FAILED, "no sign of life"),
        ({"phase": "stopping"}, Health.DEGRADED, "stopping"),
        ({"ledger": "[ledger] gone"}, Health.FAILED, "gone"),
        ({"free_bytes": None}, Health.FAILED, "cannot be looked at"),
        ({"free_bytes": 10}, Health.FAILED, "no file is taken"),
        ({"free_bytes": 2 * 10**6}, Health.DEGRADED, "2,000,000 bytes are free"),
        ({"places_down": ("server erp",)}, Health.DEGRADED, "server erp is down"),
        ({"channels_down": ("mail: 535",)}, Health.DEGRADED, "Alerts cannot be sent: mail: 535"),
        ({"refused": "line 7"}, Health.DEGRADED, "line 7"),
        ({"unwritten": "full"}, Health.DEGRADED, "full"),
        ({"lanes": (LaneSign("a", error="x"), LaneSign("b"))}, Health.DEGRADED, "a does not get through: x"),
        ({"lanes": (LaneSign("a", error="x"),)}, Health.FAILED, "No route gets through"),
        ({"lanes": (LaneSign("a", 899.0), LaneSign("b"))}, Health.HEALTHY, ""),
        ({"lanes": (LaneSign("a", 901.0), LaneSign("b"))}, Health.DEGRADED, "a has worked for 901 s"),
        ({"lanes": (LaneSign("a", 3600.0), LaneSign("b"))}, Health.FAILED, "a has worked"),
        ({"lanes": ()}, Health.HEALTHY, ""),
    ],
)
def test_the_worst_reason_decides(changes: dict[str, Any], health: Health, word: str) -> None:
    """A service shall be as healthy as the worst of what it shows, and say why."""
    verdict = _stands(**changes)
    assert verdict.health is health
    assert word in (verdict.reasons[0].text if verdict.reasons else "")


def test_ready_and_live_are_other_questions() -> None:
    """A degraded service shall be ready; one that starts shall not; only a stuck one is not live."""
    assert rules.is_ready(dataclasses.replace(GOOD_SIGNS, places_down=("server erp",)))
    starting = dataclasses.replace(GOOD_SIGNS, phase="starting")
    assert (rules.is_ready(starting), rules.is_live(starting)) == (False, True)
    assert not rules.is_live(dataclasses.replace(GOOD_SIGNS, lanes=(LaneSign("a", 4000.0),)))


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Plant:
    """A site with one good and one failed file."""
    plant = Plant.make(tmp_path_factory.mktemp("health") / "site")
    plant.drop("confirmations", GOOD.format(1))
    plant.drop("confirmations", WRONG)
    plant.run("run", "--once")
    return plant


def _board(plant: Plant) -> Board:
    board = Board("Plant 1000", SystemClock(), Layout(plant.directory).heartbeat_file)
    board.add("confirmations", "route", "confirmations")
    board.note(phase="running")
    return board


def test_the_command_sees_whether_a_service_is_at_work(plant: Plant) -> None:
    """`gateway health` shall fail without a service, and tell of one by its signs of life."""
    Layout(plant.directory).heartbeat_file.unlink(missing_ok=True)
    nobody = plant.run("health")
    assert nobody.exit_code == 64
    assert "No gateway is at work on this site" in nobody.stderr
    with SiteGuard(plant.directory):
        assert "no sign of life yet" in plant.run("health").stderr
        board = _board(plant)
        board.write()
        assert plant.done("health").startswith("healthy\nProcess ")
        board.began("confirmations", ("start",))
        board.ended("confirmations", 0.1, "[source-unavailable] gone")
        board.write()
        failed = plant.run("health", "--json")
        assert failed.exit_code == 64
        assert json.loads(failed.stdout)["service"]["lanes"][0]["last_error"] == "[source-unavailable] gone"
        board.note(pid=os.getpid() + 1)
        board.write()
        assert "no sign of life yet" in plant.run("health").stderr
        Layout(plant.directory).heartbeat_file.write_bytes(b"\xff torn")
        assert plant.run("health").exit_code == 64


@dataclass
class Watched:
    """A service's board, monitor and pages."""

    context: Context
    board: Board
    monitor: Monitor
    server: HealthServer

    def get(self, path: str, method: str = "GET") -> tuple[int, bytes]:
        """Ask for a page; return status and body."""
        with closing(http.client.HTTPConnection(*self.server.address, timeout=5)) as connection:
            connection.request(method, path)
            answer = connection.getresponse()
            return answer.status, answer.read()


@pytest.fixture(scope="module")
def watched(plant: Plant) -> Iterator[Watched]:
    """The pages of a service at work."""
    with open_site(plant.directory) as context:
        board = _board(plant)
        monitor = Monitor(lambda: context, board, seconds=0.0)
        server = HealthServer(("127.0.0.1", 0), monitor)
        server.start()
        yield Watched(context, board, monitor, server)
        server.stop()


def test_the_pages_say_how_the_service_is(watched: Watched) -> None:
    """Health, readiness and life shall be told by status and JSON; unknown pages and writing refused."""
    assert watched.get("/health") == (200, b'{"health": "healthy", "reasons": []}\n')
    assert watched.get("/ready?x=1") == (200, b'{"ready": true}\n')
    assert watched.get("/live", "HEAD") == (200, b"")
    watched.board.note(phase="stopping")
    assert watched.get("/ready") == (503, b'{"ready": false}\n')
    assert json.loads(watched.get("/health")[1])["health"] == "degraded"
    watched.board.note(phase="running")
    assert watched.get("/<script>") == (404, b'{"error": "no such page"}\n')
    assert watched.get("/health", "POST") == (501, b'{"error": "refused"}\n')
    watched.board.began("confirmations", ())
    watched.board.ended("confirmations", 1.0, "gone")
    assert watched.get("/health")[0] == 503
    watched.board.began("confirmations", ())
    watched.board.ended("confirmations", 1.0, None)


def test_who_asks_slowly_keeps_nobody_out_for_long(watched: Watched) -> None:
    """More clients than there are threads shall be sent away; nonsense shall be refused, not repeated."""
    address = watched.server.address
    slow = [socket.create_connection(address) for _ in range(4)]
    try:
        with socket.create_connection(address, timeout=5) as refused:
            assert refused.recv(10) == b""
    finally:
        for one in slow:
            one.close()
    for _try in range(100):
        with socket.create_connection(address, timeout=5) as client:
            client.sendall(b"<evil> nonsense\r\n\r\n")
            answer = client.recv(4096)
        if answer:
            break
    assert b"evil" not in answer
    assert b"refused" in answer


def test_only_loopback_is_served(watched: Watched) -> None:
    """An address of the network, and a port that is taken, shall be refused in words."""
    with pytest.raises(ConfigurationError, match="loopback only"):
        HealthServer(("0.0.0.0", 0), watched.monitor)  # noqa: S104 - it is refused
    with pytest.raises(ConfigurationError, match="ss -ltnp"):
        HealthServer(watched.server.address, watched.monitor)


def _samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_the_metrics_tell_of_ledger_and_passes(watched: Watched) -> None:
    """The page shall parse as Prometheus text and count files, findings, durations and problems exactly."""
    report = Report("confirmations", taken=3)
    report.findings.update({"F302": 7})
    report.problem(InternalError("x"))
    watched.board.began("confirmations", ())
    watched.monitor.passed(watched.board.ended("confirmations", 0.3, None), [report])
    status, body = watched.get("/metrics")
    assert status == 200
    found = _samples(body.decode())
    route = ("route", "confirmations")
    expected = {
        ("gateway_files", (route, ("state", "processed"))): 1,
        ("gateway_files", (route, ("state", "failed"))): 1,
        ("gateway_failed_files", (("code", "F302"), route)): 1,
        ("gateway_deliveries_total", (("destination", "erp"),)): 1,
        ("gateway_files_taken_total", (route,)): 3,
        ("gateway_findings_total", (("code", "F302"), route)): 7,
        ("gateway_problems_total", (("code", "internal-error"), route)): 1,
        ("gateway_pass_duration_seconds_count", (("kind", "route"), route)): 1,
        ("gateway_oldest_file_age_seconds", (route, ("state", "waiting"))): 0,
        ("gateway_ledger_readable", ()): 1,
        ("gateway_lane_failing", (("kind", "route"), ("lane", "confirmations"))): 0,
    }
    assert {key: found.get(key) for key in expected} == expected
    names = {name for name, _labels in found}
    assert not any("CONF_" in str(key) for key in found)
    assert all(name.startswith("gateway_") for name in names)


def test_the_command_prints_what_the_ledger_says(plant: Plant) -> None:
    """`gateway metrics` shall print the same text for a collector of text files, without a service."""
    found = _samples(plant.done("metrics"))
    assert found["gateway_files_bytes", (("route", "confirmations"), ("state", "processed"))] > 0
    assert not any(name.startswith("gateway_pass_") for name, _labels in found)


def test_a_ledger_that_is_gone_is_said_and_not_raised(plant: Plant, tmp_path: Path) -> None:
    """Without its ledger a service shall be failed, and its metrics say so and nothing wrong."""
    broken = plant.copy(tmp_path / "broken")
    with open_site(broken.directory) as context:
        monitor = Monitor(lambda: context, _board(broken))
        Path(context.ledger.path).write_bytes(b"no database" * 1000)
        verdict = monitor.verdict()
        assert verdict.health is Health.FAILED
        assert "ledger" in verdict.reasons[0].text
        found = _samples(monitor.metrics().decode())
    assert found["gateway_ledger_readable", ()] == 0
    assert not any(name == "gateway_files" for name, _labels in found)


def test_a_slow_reading_is_shared_and_used_for_longer(watched: Watched) -> None:
    """While one thread reads the ledger, others shall be given the last snapshot; nobody reads twice."""
    now = watched.context.clock.now()
    reading, go_on = threading.Event(), threading.Event()
    readings: list[int] = []

    def read() -> Snapshot:
        readings.append(1)
        if len(readings) == 2:
            reading.set()
            assert go_on.wait(10)
        return Snapshot(now, error=str(len(readings)))

    cached = Cached(read, seconds=0.0, share=0.0)
    assert cached.get().error == "1"
    second = threading.Thread(target=cached.get)
    second.start()
    assert reading.wait(10)
    assert cached.get().error == "1"
    go_on.set()
    second.join()
    assert len(readings) == 2
    assert cached.get().error == "3"


def test_health_is_asked_without_heavy_libraries() -> None:
    """Asking for health, alerts or a test of a channel shall load neither data nor metrics libraries."""
    modules = "gateway.cli.health, gateway.service.health, gateway.cli.alerts, gateway.alerts.sending"
    heavy = ("prometheus_client", "polars", "paramiko", "apscheduler", "watchdog")
    code = f"import sys, {modules}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

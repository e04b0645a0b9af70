"""Partners that are down: what an outage costs, who notices, and how it ends."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

import pytest

from gateway.config.settings import RetryPolicy
from gateway.errors import CircuitOpen, DiskFull, RemoteDenied, ServerUnreachable
from gateway.model import State
from gateway.rules.circuit import CircuitState
from gateway.stages.context import Report
from gateway.stages.deliver import deliver_to, remote_destinations
from gateway.stages.gate import reached
from tests.destinations.outgoing import RETRY, Outgoing
from tests.pipeline.plant import Plant, confirmation, name_of, route
from tests.sftp.scripted import Scripted

POLICY = RetryPolicy(first_seconds=60, factor=2, cap_seconds=600, jitter=0, open_after=3)


def test_an_outage_costs_one_probe_and_ends_by_itself(
    tmp_path: Path, scripted: Scripted, caplog: pytest.LogCaptureFixture
) -> None:
    """The gateway shall leave a server alone that is down, probe it at times, and deliver when it is up."""
    caplog.set_level(logging.INFO, "gateway")
    site = Outgoing.build(tmp_path / "site", scripted, scripted.root / "in")
    plant = site.plant
    scripted.stop()
    for control in range(1, 11):
        plant.drop_confirmation(control)
    for _ in range(3):
        (report,) = plant.run()
        assert [one.error.code for one in report.problems] == ["server-unreachable"]
        plant.clock.advance(minutes=5)
    circuit = site.circuit()
    assert circuit is not None
    assert (circuit.state, circuit.failures) == (CircuitState.OPEN, 3)
    assert [entry.object_id for entry in site.trail("circuit-opened")] == ["server erp"]
    tries = site.tries()
    plant.drop_confirmation(11)
    plant.clock.advance(minutes=-5)
    (report,) = plant.run()
    assert [one.error.code for one in report.problems] == ["circuit-open"]
    assert "asked again at" in str(report.problems[0].error)
    assert site.tries() == tries
    assert {one["next_try_at"] for one in plant.overview()["deliveries"]} == {circuit.next_probe_at}
    (shown,) = plant.overview()["circuits"]
    assert (shown["place"], shown["state"], shown["failures"]) == ("server erp", "open", 3)
    (report,) = plant.run()  # until the probe nothing is due, and nobody is bothered
    assert report.problems == []
    plant.clock.advance(minutes=30)
    plant.run()  # a probe, which fails, costs few files a try
    assert 0 < site.tries() - tries <= 5
    scripted.start()
    plant.clock.advance(minutes=30)
    plant.run()
    plant.run()
    assert site.names == [name_of(control) for control in range(1, 12)]
    assert set(plant.states().values()) == {State.PROCESSED}
    assert site.circuit() is None
    assert len(site.trail("circuit-closed")) == len(site.trail("circuit-opened")) == 1
    assert plant.overview()["circuits"] == []
    told = [record for record in caplog.records if record.getMessage().startswith("circuit-")]
    assert [record.getMessage() for record in told] == ["circuit-opened", "circuit-closed"]
    assert {vars(record)["fields"]["place"] for record in told} == {"server erp"}
    assert vars(told[0])["fields"]["error"].startswith("[server-unreachable]")
    plant.demand_proof()


def test_routes_share_the_circuit_of_a_server(tmp_path: Path, scripted: Scripted) -> None:
    """The gateway shall find out once, and not once per route, that a server is down."""
    names = ["first", "second", "third", "fourth"]
    site = Outgoing.build(
        tmp_path / "site",
        scripted,
        scripted.root / "in",
        routes=lambda to: "".join(
            route(
                name,
                destinations=f"{{erp: {to.replace('/in', f'/in{name}')}}}",
                completeness="{require: [none]}",
            )
            for name in names
        ),
    )
    scripted.stop()
    for number, name in enumerate(names, start=1):
        site.plant.drop(name_of(number), confirmation(number), name)
    reports = site.plant.run()
    codes = [one.error.code for report in reports for one in report.problems]
    assert codes.count("server-unreachable") == 3
    assert codes.count("circuit-open") == 1


def test_a_folder_that_is_away_has_a_circuit_of_its_own(tmp_path: Path) -> None:
    """The gateway shall leave a directory alone that is not mounted, and nothing else of the route."""
    both = f"{{erp: {{path: outbox/erp, {RETRY}}}, history: {{path: outbox/history, {RETRY}}}}}"
    plant = Plant.build(tmp_path / "site", route(destinations=both))
    site = Outgoing(plant, plant.directory / "outbox" / "erp")
    site.place.rmdir()
    plant.drop_confirmation(1)
    for _ in range(3):
        plant.run()
        plant.clock.advance(minutes=5)
    place = "route confirmations destination erp"
    circuit = site.circuit(place)
    assert circuit is not None
    assert circuit.state is CircuitState.OPEN
    plant.drop_confirmation(2)
    plant.run()
    assert plant.delivered("history") == [name_of(1), name_of(2)]
    site.place.mkdir()
    plant.clock.advance(minutes=20)
    plant.run()
    plant.run()
    assert plant.delivered() == [name_of(1), name_of(2)]
    assert site.circuit(place) is None


# --- the gate


def test_only_failures_of_the_place_count(plant: Plant) -> None:
    """The gateway shall count what stops a whole server, and take a refused file for an answer."""
    site = Outgoing(plant, plant.directory)
    with plant.working() as context:
        for error in (ServerUnreachable(), ServerUnreachable(), RemoteDenied(), ServerUnreachable()):
            with pytest.raises(type(error)), reached(context, "server erp", POLICY):
                raise error
    circuit = site.circuit()
    assert circuit is not None
    assert (circuit.state, circuit.failures) == (CircuitState.CLOSED, 1)
    with plant.working() as context:
        with reached(context, "server erp", POLICY) as reach:
            reach.saw([None, RemoteDenied(cause=None), ServerUnreachable("gone")])
        with pytest.raises(DiskFull), reached(context, "server erp", POLICY):
            raise DiskFull
        context.stopping = lambda: True
        with pytest.raises(ServerUnreachable), reached(context, "server erp", POLICY):
            raise ServerUnreachable  # our own end broke the connection
    circuit = site.circuit()
    assert circuit is not None
    assert circuit.failures == 2


def test_of_many_threads_one_probes(plant: Plant) -> None:
    """The gateway shall send one probe, however many routes want something of the place at that moment."""
    with plant.working() as context:
        for _ in range(3):
            with pytest.raises(ServerUnreachable), reached(context, "server erp", POLICY):
                raise ServerUnreachable
        plant.clock.advance(hours=1)
        entered: list[bool] = []
        refused: list[CircuitOpen] = []
        together = threading.Barrier(8)
        done = threading.Event()

        def want() -> None:
            together.wait()
            try:
                with reached(context, "server erp", POLICY) as reach:
                    entered.append(reach.is_probe)
                    done.wait(10)
            except CircuitOpen as error:
                refused.append(error)
                if len(refused) == 7:
                    done.set()

        threads = [threading.Thread(target=want) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert entered == [True]
        assert len(refused) == 7
        with reached(context, "server erp", POLICY) as reach:
            assert not reach.is_probe


def test_failures_of_many_threads_are_all_counted(plant: Plant) -> None:
    """The gateway shall open a circuit by failures that come at once, and say so once."""
    with plant.working() as context:
        together = threading.Barrier(6)

        def fail() -> None:
            try:
                with reached(context, "server erp", POLICY):
                    together.wait()
                    raise ServerUnreachable
            except ServerUnreachable:
                return

        threads = [threading.Thread(target=fail) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    site = Outgoing(plant, plant.directory)
    circuit = site.circuit()
    assert circuit is not None
    assert (circuit.state, circuit.failures) == (CircuitState.OPEN, 3)
    assert len(site.trail("circuit-opened")) == 1


def test_lanes_of_one_route_deliver_at_once(tmp_path: Path, scripted: Scripted) -> None:
    """The gateway shall deliver to several servers' directories in parallel, each file once to each."""
    site = Outgoing.build(
        tmp_path / "site",
        scripted,
        scripted.root / "in",
        routes=lambda to: route(destinations=f"{{erp: {to}, twin: {to.replace('/in', '/twin')}}}"),
    )
    (scripted.root / "twin").mkdir()
    scripted.stop()
    for control in range(1, 21):
        site.plant.drop_confirmation(control)
    site.plant.run()
    scripted.start()
    site.plant.clock.advance(minutes=2)
    with site.plant.working() as context:
        (chosen,) = context.site.routes
        names = remote_destinations(chosen)
        assert sorted(names) == ["erp", "twin"]
        reports = {name: Report(chosen.name) for name in names}
        threads = [
            threading.Thread(target=deliver_to, args=(context, chosen, name, reports[name])) for name in names
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [report.problems for report in reports.values()] == [[], []]
    expected = [name_of(control) for control in range(1, 21)]
    assert site.names == sorted(path.name for path in (scripted.root / "twin").iterdir()) == expected

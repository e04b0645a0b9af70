"""The desk: from what stands in the ledger and what passes reported to alerts and messages."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.alerts.desk import Desk
from gateway.clock import SystemClock
from gateway.config.settings import (
    Acknowledgement,
    AlertRule,
    FolderDestination,
    FolderSource,
    Limits,
    Login,
    Route,
    Server,
    SftpDestination,
    SftpSource,
    Site,
)
from gateway.errors import Expected, ServerUnreachable, SourceError, Unusual
from gateway.ledger import alerts, circuits, deliveries, transfers
from gateway.ledger.alerts import Stored
from gateway.ledger.engine import Ledger
from gateway.model import State
from gateway.rules.alerts import Bounds, Condition
from gateway.rules.circuit import Circuit, CircuitState
from gateway.service.snapshot import take
from gateway.stages.context import Report
from tests.ledger.ledger_samples import delivery, new_ledger, transfer

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


@dataclass
class HandClock(SystemClock):
    """A clock that stands until it is moved."""

    at: datetime = NOW

    def now(self) -> datetime:
        """Return where it was moved to."""
        return self.at


def _route(name: str) -> Route:
    return Route(name, "MES", "order", FolderSource(Path("/in")), (FolderDestination("erp", Path("/out")),))


@dataclass
class Place:
    """A site of three routes, one of them on a server, with its ledger and desk."""

    ledger: Ledger
    site: Site
    clock: HandClock = field(default_factory=HandClock)
    desk: Desk = field(default_factory=Desk)

    def observe(self, minutes: float = 0, *reports: Report, whole: bool = True) -> list[Stored]:
        """Look at the site ``minutes`` after the start; return the messages that were written."""
        self.clock.at = NOW + timedelta(minutes=minutes)
        with self.ledger.read() as connection:
            before = {one.id for one in alerts.recent(connection, 10_000)}
        self.desk.observe(self, reports, whole=whole)
        with self.ledger.read() as connection:
            after = alerts.recent(connection, 10_000)
        return [one for one in reversed(after) if one.id not in before]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    erp = Server("erp", "erp.example", "gw", Login())
    remote = Route(
        "remote",
        "ERP",
        "order",
        SftpSource("erp", "out", Acknowledgement.LEAVE),
        (SftpDestination("back", "erp", "in"),),
    )
    site = Site(
        "Plant 1000",
        tmp_path,
        (_route("orders"), _route("boms"), remote),
        servers=(erp,),
        alerts=(AlertRule(to=("mail",)),),
        limits=Limits(minimum_free_bytes=0),
    )
    ledger = new_ledger(tmp_path)
    yield Place(ledger, site)
    ledger.close()


def _subjects(messages: list[Stored]) -> list[str]:
    return [str(one.message["subject"]) for one in messages]


def _fail(place: Place, count: int, code: str = "F302") -> None:
    rows = [
        transfer(
            f"bad-{number}.xml",
            route="orders",
            state=State.FAILED,
            reason_code=code,
            reason="wrong",
            settled_at=NOW,
            findings={
                "listed": [{"code": code, "message": "quantity is no number", "line": 7}],
                "totals": [],
            },
        )
        for number in range(count)
    ]
    with place.ledger.write() as connection:
        transfers.insert(connection, rows)


def test_a_thousand_failed_files_are_one_message(place: Place) -> None:
    """Files that fail for one reason shall be one message: count, first finding, the command to call."""
    _fail(place, 1000)
    (message,) = place.observe()
    assert message.message["subject"] == (
        "[Plant 1000] ALERT file-failed on orders: "
        "1,000 files failed with F302 on route orders, the last: bad-999.xml"
    )
    body = message.message["body"]
    assert "What is wrong: line 7: quantity is no number" in body
    assert "gateway failed list --route orders --code F302" in body
    assert place.observe(1) == []
    _fail(place, 1, "F101")
    assert [one.message["facts"]["code"] for one in place.observe(2)] == ["F101"]


def test_corrected_files_end_their_alert(place: Place) -> None:
    """When every failed file is corrected, the recovery shall say how long it lasted."""
    _fail(place, 1)
    place.observe()
    with place.ledger.write() as connection:
        (row,) = transfers.in_states(connection, "orders", [State.FAILED])
        transfers.update(connection, [row.evolve(superseded_by="OTHER")], expected=State.FAILED)
    assert place.observe(30) != []
    with place.ledger.read() as connection:
        assert alerts.load(connection) == []
        (over,) = alerts.recent(connection, 1)
    assert over.occasion == "over"
    assert "it lasted 30 min" in over.message["body"]
    assert "Where to look" not in over.message["body"]


def test_a_pass_tells_of_its_route_alone(place: Place) -> None:
    """A source that cannot be read shall be over when its own route's pass succeeds, whoever else passes."""
    broken = Report("orders")
    broken.problem(SourceError("The inbox is gone", where="/in"))
    assert "[source-unavailable] The inbox is gone (/in)" in _subjects(place.observe(0, broken))[0]
    assert place.observe(60, Report("boms")) == []
    assert place.observe(61, Report("orders"), whole=False) == []
    (over,) = place.observe(62, Report("orders"))
    assert over.occasion == "over"


def test_the_outage_of_a_server_is_one_message(place: Place) -> None:
    """A server that is down shall be told once, with its routes; its files and routes add no message."""
    waiting = transfer(route="remote", state=State.DELIVERING)
    with place.ledger.write() as connection:
        transfers.insert(connection, [waiting])
        failing = delivery(waiting, "back", tries=5, last_error="[server-unreachable] gone")
        deliveries.insert(connection, [failing])
        circuits.save(
            connection,
            Circuit("server erp", CircuitState.OPEN, 3, NOW, NOW, "[server-unreachable] gone", NOW),
        )
    report = Report("remote")
    report.problem(ServerUnreachable("gone"))
    (message,) = place.observe(1, report)
    assert (message.message["kind"], message.message["routes"]) == ("circuit-open", ["remote"])
    assert message.message["text"] == "server erp is down: [server-unreachable] gone"
    assert "Last error: [server-unreachable] gone" in message.message["body"]
    assert "gateway doctor --server erp" in message.message["body"]
    with place.ledger.write() as connection:
        circuits.remove(connection, "server erp")
    (refusing,) = place.observe(2)
    assert refusing.message["kind"] == "delivery-failing"


def test_a_host_key_that_changed_is_told_at_once(place: Place) -> None:
    """A host key that is not trusted shall be told as what it is, before the circuit opens."""
    with place.ledger.write() as connection:
        error = "[host-key-changed] The server shows SHA256:abc"
        circuits.save(connection, Circuit("server erp", CircuitState.CLOSED, 1, NOW, None, error, NOW))
    (message,) = place.observe(0)
    assert message.message["kind"] == "host-key"
    assert "gateway trust show erp" in message.message["body"]


def test_a_storm_becomes_one_summary(place: Place) -> None:
    """Beyond its bound a channel shall be given one summary that counts and lists what was withheld."""
    place.desk = Desk(Bounds(per_hour=2))
    for number in range(6):
        _fail(place, 1, f"F{number}01")
    written = place.observe(0)
    assert [one.occasion for one in written] == ["begins", "begins", "withheld"]
    assert "4 messages were withheld" in written[2].message["body"]
    assert written[2].next_try_at is not None
    _fail(place, 1, "F701")
    assert place.observe(1) == []
    with place.ledger.read() as connection:
        summary = alerts.summary_of(connection, "mail")
    assert summary is not None
    assert summary.message["facts"]["count"] == 5
    assert summary.message["id"] == written[2].message["id"]


def test_what_a_dead_channel_is_given_later_is_bounded(place: Place) -> None:
    """Messages that wait for a channel shall count, however old: it is not flooded when it is there again."""
    place.desk = Desk(Bounds(per_hour=2))
    for number in range(6):
        _fail(place, 1, f"F{number}01")
        place.observe(90 * number)
    with place.ledger.read() as connection:
        waiting = alerts.unsent(connection)
    assert [one.occasion for one in waiting] == ["begins", "begins", "withheld"]
    # one that is being sent does not change any more: what comes then is counted in the next
    with place.ledger.write() as connection:
        alerts.put(connection, dataclasses.replace(waiting[2], tries=1))
    _fail(place, 1, "F701")
    (second,) = place.observe(600)
    assert any("F701" in one for one in second.message["facts"]["listed"])
    assert second.message["id"] != waiting[2].message["id"]


def test_a_place_that_no_route_uses_is_no_outage(place: Place) -> None:
    """A server that was down when its last route was taken away shall be down for nobody."""
    with place.ledger.write() as connection:
        circuits.save(connection, Circuit("server old", CircuitState.OPEN, 3, NOW, NOW, "gone", NOW))
    assert place.observe(0) == []
    assert take(place.site, place.ledger, place.clock).circuits == ()


def test_the_next_time_without_its_file_is_news(place: Place) -> None:
    """An expectation that is missed again shall be told again, without waiting for a reminder."""
    written = []
    for minutes in (0, 60, 120):
        report = Report("boms")
        report.problem(Expected("Nothing came", due=NOW + timedelta(hours=minutes // 120)))
        written += [one.occasion for one in place.observe(minutes, report)]
    assert written == ["begins", "more"]


def test_two_lanes_at_once_tell_it_once(place: Place) -> None:
    """Lanes that end at the same moment shall write one message for one thing."""
    _fail(place, 3)
    start = threading.Barrier(4)

    def end() -> None:
        start.wait()
        place.desk.observe(place, [Report("orders")])

    threads = [threading.Thread(target=end) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with place.ledger.read() as connection:
        assert len(alerts.recent(connection, 100)) == 1


def test_what_the_service_says_of_itself_lasts_until_it_is_cleared(place: Place) -> None:
    """A refused configuration shall be told, and be over with the next one that is good."""
    place.desk.raised(Condition("configuration-refused", "site", "line 7 is wrong"))
    assert "configuration-refused" in _subjects(place.observe(0))[0]
    assert place.observe(20) == []
    place.desk.cleared("configuration-refused", "site")
    place.observe(21)
    (over,) = place.observe(40)
    assert over.occasion == "over"


def test_a_name_that_no_mail_can_hold_is_told_all_the_same(place: Place) -> None:
    """File names with bytes that are no text, or with line ends, shall come out escaped."""
    row = transfer(
        "evil\nSubject: x\udcff.xml", route="orders", state=State.FAILED, reason_code="F302", settled_at=NOW
    )
    with place.ledger.write() as connection:
        transfers.insert(connection, [row])
    (message,) = place.observe()
    assert "evil\\nSubject: x\\xff.xml" in message.message["subject"]


def test_a_removed_route_and_a_low_disk(place: Place) -> None:
    """Alerts of a route that is gone shall end; a disk that is nearly full shall be told for the site."""
    late = Report("boms")
    late.problem(Expected("Nothing came by 06:30"))
    assert "expected-missing" in _subjects(place.observe(0, late))[0]
    place.site = dataclasses.replace(
        place.site, routes=place.site.routes[:1], limits=Limits(minimum_free_bytes=2**60)
    )
    kinds = {(one.occasion, one.message["kind"]) for one in place.observe(30)}
    assert kinds == {("begins", "disk-low"), ("over", "expected-missing")}


def test_each_unusual_file_is_told(place: Place) -> None:
    """A second unusual file on a route shall be told too, although the first one's alert is not forgotten."""
    first, second = Report("orders"), Report("orders")
    first.problem(Unusual("a.xml is ten times as large"), name="a.xml")
    second.problem(Unusual("b.xml is ten times as large"), name="b.xml")
    assert [one.occasion for one in place.observe(0, first)] == ["begins"]
    assert place.observe(1, Report("orders")) == []
    (more,) = place.observe(20, second)
    assert (more.occasion, more.message["text"]) == ("more", "[unusual] b.xml is ten times as large")

"""Who is told what, and when: pure decisions, moment by moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from gateway import errors
from gateway.config.settings import AlertRule
from gateway.errors import GatewayError
from gateway.rules.alert_kinds import KINDS, kind_of
from gateway.rules.alerts import Alert, Bounds, Condition, Looked, Message, update

START = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
MAIL = AlertRule(to=("mail",), remind_seconds=4 * 3600)
ROUTES = frozenset({"orders", "boms"})


@dataclass
class Office:
    """The alerts of a site from look to look, and what each look made of them."""

    rules: Sequence[AlertRule] = (MAIL,)
    bounds: Bounds = field(default_factory=Bounds)
    known: tuple[Alert, ...] = ()

    def look(
        self,
        minutes: float,
        *found: Condition,
        looked: Looked | None = None,
        written: Mapping[str, int] | None = None,
    ) -> list[str]:
        """Look ``minutes`` after the start; return the messages as ``channel occasion key``."""
        messages, _withheld = self.parted(minutes, *found, looked=looked, written=written)
        return [f"{one.channel} {one.occasion} {one.alert.key}" for one in messages]

    def parted(
        self,
        minutes: float,
        *found: Condition,
        looked: Looked | None = None,
        written: Mapping[str, int] | None = None,
    ) -> tuple[tuple[Message, ...], tuple[Message, ...]]:
        """As `look`, with those sent and those withheld apart."""
        now = START + timedelta(minutes=minutes)
        seen = looked or Looked(routes=ROUTES, configured=ROUTES)
        result = update(self.known, found, self.rules, seen, now, written or {}, self.bounds)
        self.known = result.alerts
        assert not set(result.forget) & {one.key for one in result.alerts}
        return result.messages, result.withheld


def _down(text: str = "erp does not answer") -> Condition:
    return Condition("source-unavailable", "orders", text, ("orders",))


def test_what_lasts_is_told_once_reminded_of_and_told_when_it_is_over() -> None:
    """An alert shall be told at its beginning, every four hours, and at its end."""
    office = Office()
    assert office.look(0, _down()) == ["mail begins source-unavailable orders"]
    assert office.look(1, _down("erp still does not answer")) == []
    assert office.look(239, _down()) == []
    assert office.look(240, _down()) == ["mail lasts source-unavailable orders"]
    assert office.look(241, _down()) == []
    assert office.look(242) == []
    assert office.known[0].over_at == START + timedelta(minutes=242)
    assert office.look(251) == ["mail over source-unavailable orders"]
    assert office.known == ()
    assert office.look(252) == []


def test_what_comes_back_soon_goes_on_without_a_message() -> None:
    """A condition that flaps shall be one alert: told once, and over once it stays away."""
    office = Office()
    office.look(0, _down())
    for minute in range(1, 60, 2):
        assert office.look(minute) == []
        assert office.look(minute + 1, _down()) == []
    assert office.known[0].times == 31
    assert office.look(70) == ["mail over source-unavailable orders"]


def test_what_was_seen_last_long_ago_is_over_at_the_first_look() -> None:
    """Where passes come seldom, an alert shall be over at the first pass that does not find it."""
    office = Office()
    office.look(0, _down())
    assert office.look(60) == ["mail over source-unavailable orders"]


def test_only_what_was_looked_at_is_over() -> None:
    """A pass over another route shall end no alert; a route that is gone shall."""
    office = Office()
    office.look(0, _down())
    others = Looked(routes=frozenset({"boms"}), configured=ROUTES)
    assert office.look(60, looked=others) == []
    assert office.known[0].over_at is None
    gone = Looked(routes=frozenset({"boms"}), configured=frozenset({"boms"}))
    assert office.look(61, looked=gone) == ["mail over source-unavailable orders"]
    office.look(70, Condition("gap", "orders/mes", "7 is missing", ("orders",)))
    assert office.look(90, looked=Looked(ledger=False, routes=ROUTES, configured=ROUTES)) == []
    assert office.look(91) == ["mail over gap orders/mes"]


def test_news_of_an_alert_is_told_but_not_too_often() -> None:
    """One more failed file shall be told, at most once in ten minutes."""
    office = Office()

    def failed(number: int) -> Condition:
        return Condition("file-failed", "orders F302", f"{number} files", ("orders",), mark=f"{number:03}")

    assert office.look(0, failed(1)) == ["mail begins file-failed orders F302"]
    assert office.look(1, failed(2)) == []
    assert office.look(10, failed(900)) == ["mail more file-failed orders F302"]
    assert office.look(30, failed(900)) == []
    assert office.look(31, failed(3)) == []


def test_each_rule_tells_its_own_channels() -> None:
    """Kinds and routes of a rule shall choose; a channel of several rules is told once."""
    rules = (
        AlertRule(to=("mail", "pager"), kinds=("source-unavailable",), remind_seconds=None, recovery=False),
        AlertRule(to=("mail",), routes=("orders",), remind_seconds=3600),
        AlertRule(to=("boms-team",), routes=("boms",)),
    )
    office = Office(rules)
    begun = ["mail begins source-unavailable orders", "pager begins source-unavailable orders"]
    assert office.look(0, _down()) == begun
    disk = Condition("disk-low", "site", "100 bytes are free")
    assert office.look(1, _down(), disk) == []
    assert office.look(60, _down()) == ["mail lasts source-unavailable orders"]
    assert office.look(99) == ["mail over source-unavailable orders"]


def test_a_storm_is_bounded() -> None:
    """A channel shall be given at most so many messages an hour; the others shall count as told."""
    office = Office(bounds=Bounds(per_hour=3))
    found = [Condition("gap", f"stream {number}", "missing", ("orders",)) for number in range(10)]
    sent, withheld = office.parted(0, *found, written={"mail": 1})
    assert (len(sent), len(withheld)) == (2, 8)
    assert office.look(1, *found) == []


def test_an_unusual_file_has_no_recovery() -> None:
    """What happens once shall be told, also the next time, and shall never be over."""
    office = Office()
    first = Condition("unusual", "orders", "ten times as large", ("orders",), mark="A")
    assert office.look(0, first) == ["mail begins unusual orders"]
    assert office.look(1) == []
    second = Condition("unusual", "orders", "ten times as small", ("orders",), mark="B")
    assert office.look(20, second) == ["mail more unusual orders"]
    third = Condition("unusual", "orders", "empty", ("orders",), mark="C")
    assert office.look(25, third) == []
    assert office.look(26) == []
    assert office.look(30) == ["mail more unusual orders"]
    assert office.look(31) == []
    assert office.look(300) == []
    assert office.known == ()


def test_a_cause_is_told_and_not_its_consequence() -> None:
    """What another alert tells of shall begin no alert, but keep a known one from ending."""
    office = Office()
    quiet = Condition("delivery-failing", "orders erp", "5 files", ("orders",), begins=False)
    assert office.look(0, quiet) == []
    loud = Condition("delivery-failing", "orders erp", "5 files", ("orders",))
    assert office.look(1, loud) == ["mail begins delivery-failing orders erp"]
    assert office.look(60, quiet) == []
    assert office.known[0].over_at is None


def test_a_clock_that_was_set_back_silences_nobody() -> None:
    """After the clock was set back by a day, reminders and recoveries shall come as before."""
    office = Office()
    office.look(24 * 60, _down())
    assert office.look(0, _down()) == []
    assert office.look(240, _down()) == ["mail lasts source-unavailable orders"]
    assert office.look(260) == ["mail over source-unavailable orders"]


@pytest.mark.parametrize(
    ("error", "name", "transfer", "kind"),
    [
        (errors.Overdue(), "a", None, "file-overdue"),
        (errors.AccessDenied(), "a", None, "file-refused"),
        (errors.AccessDenied(), None, None, "route-stopped"),
        (errors.DiskFull(), None, None, "route-stopped"),
        (errors.FileChanged(), "a", "T1", "file-stuck"),
        (errors.SourceError(), None, None, "source-unavailable"),
        (errors.ServerUnreachable(), None, None, "source-unavailable"),
        (errors.ServerUnreachable(), "a", "T1", None),
        (errors.TargetOccupied(), "a", "T1", None),
        (errors.CircuitOpen(), None, None, None),
        (errors.HostKeyChanged(), None, None, None),
        (errors.FormatChanged(), None, None, "format-refused"),
        (errors.ConfigurationError(), None, None, "route-stopped"),
        (errors.LedgerBusy(), None, None, "ledger-trouble"),
        (errors.InternalError(), None, None, "internal-error"),
        (errors.Expected(), None, None, "expected-missing"),
        (errors.Unusual(), "a", "T1", "unusual"),
    ],
)
def test_every_problem_of_a_pass_has_its_kind(
    error: GatewayError, name: str | None, transfer: str | None, kind: str | None
) -> None:
    """A problem shall be the kind of alert that says who must act; None where the ledger tells of it."""
    assert kind_of(error, name=name, transfer=transfer) == kind
    assert kind is None or kind in KINDS

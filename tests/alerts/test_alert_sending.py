"""Sending from the ledger: at least once, in order, a dead channel in nobody's way."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.alerts import sending
from gateway.clock import SystemClock
from gateway.config.settings import CommandChannel, Site
from gateway.errors import LedgerError
from gateway.ledger import alerts
from gateway.ledger.alerts import Stored, Unsent
from gateway.ledger.engine import Ledger
from tests.ledger.ledger_samples import new_ledger

NOW = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


@dataclass
class _Clock(SystemClock):
    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


@dataclass
class Office:
    """A site with two channels: programs that write down what they were given, as long as they may."""

    directory: Path
    ledger: Ledger
    site: Site
    clock: _Clock = field(default_factory=_Clock)

    def write(self, channel: str, *texts: str, occasion: str = "begins") -> None:
        """Write messages to be sent."""
        planned = [("k", channel, occasion, {"id": text, "text": text}) for text in texts]
        with self.ledger.write() as connection:
            alerts.write_messages(connection, planned, self.clock.at)

    def given(self, channel: str) -> list[str]:
        """Return what the channel was given, in order."""
        path = self.directory / f"{channel}.out"
        return [json.loads(line)["id"] for line in path.read_text().splitlines()] if path.exists() else []

    def is_down(self, channel: str, down: bool) -> None:
        """Let a channel fail, or work again."""
        switch = self.directory / f"{channel}.down"
        switch.touch() if down else switch.unlink()

    def unsent(self) -> list[Stored]:
        """Return what waits."""
        with self.ledger.read() as connection:
            return alerts.unsent(connection)


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    program = tmp_path / "take"
    program.write_text(
        f"#!/bin/sh\ncd {tmp_path}\n[ -e $1.down ] && {{ echo nobody is there; exit 1; }}\ncat >> $1.out\n"
    )
    program.chmod(0o755)
    channels = tuple(CommandChannel(name, (str(program), name)) for name in ("mail", "pager"))
    ledger = new_ledger(tmp_path)
    yield Office(tmp_path, ledger, Site("Plant", tmp_path, (), channels=channels))
    ledger.close()


def test_a_dead_channel_keeps_nobody_waiting(office: Office) -> None:
    """A channel that is down shall be tried once a time, later and later, and lose and reorder nothing."""
    office.is_down("mail", True)
    office.write("mail", "m1", "m2", "m3")
    office.write("pager", "p1", "p2")
    result = sending.send_due(office)
    assert (result.sent, result.failed) == (2, 1)
    assert office.given("pager") == ["p1", "p2"]
    first, *others = office.unsent()
    assert (first.tries, [one.tries for one in others]) == (1, [0, 0])
    assert "nobody is there" in (first.last_error or "")
    assert first.next_try_at is not None
    assert result.next_due == first.next_try_at
    assert sending.send_due(office).failed == 0
    with office.ledger.read() as connection:
        unsent = alerts.unsent_by_channel(connection)
    assert unsent == [Unsent("mail", 3, NOW, first.last_error)]
    office.is_down("mail", False)
    office.clock.at = first.next_try_at
    assert sending.send_due(office) == sending.Sent(3, 0, None)
    assert office.given("mail") == ["m1", "m2", "m3"]


def test_what_could_not_be_sent_for_a_day_is_given_up(office: Office) -> None:
    """A message that is a day old shall be given up, visibly, and the next one have its turn."""
    office.is_down("mail", True)
    office.write("mail", "old")
    office.clock.at = NOW + timedelta(days=1)
    office.write("mail", "new")
    sending.send_due(office)
    with office.ledger.read() as connection:
        new, old = alerts.recent(connection, 2)
    assert "given up after 1 tries" in (old.last_error or "")
    assert (new.sent_at, new.tries) == (None, 1)


def test_a_summary_that_waits_for_its_hour_keeps_nobody_back(office: Office) -> None:
    """Messages written after a summary of withheld ones shall not wait for it."""
    office.write("mail", "summary", occasion=alerts.WITHHELD)
    (summary,) = office.unsent()
    due = NOW + timedelta(minutes=40)
    with office.ledger.write() as connection:
        alerts.rewrite(connection, dataclasses.replace(summary, next_try_at=due))
    office.write("mail", "later")
    assert sending.send_due(office).next_due == due
    assert office.given("mail") == ["later"]
    office.clock.at = due
    sending.send_due(office)
    assert office.given("mail") == ["later", "summary"]


def test_a_clock_that_was_set_back_holds_no_message_back(office: Office) -> None:
    """A next try that lies a day ahead shall count as due: a clock was set back since."""
    office.write("mail", "m1")
    (one,) = office.unsent()
    with office.ledger.write() as connection:
        alerts.put(connection, dataclasses.replace(one, tries=1, next_try_at=NOW + timedelta(days=1)))
    assert sending.send_due(office).sent == 1


def test_who_is_asked_to_stop_begins_no_further_try(office: Office) -> None:
    """A service that stops, and a pass whose time is over, shall leave the rest for later."""
    office.write("mail", "m1", "m2")
    assert sending.send_due(office, stopping=lambda: True).sent == 0
    assert sending.send_due(office, seconds=0).sent == 0
    assert len(office.unsent()) == 2


def test_what_cannot_be_noted_is_not_sent(office: Office) -> None:
    """With a ledger that takes nothing no message shall go out, for it would go out again and again."""
    office.write("mail", "m1")
    with office.ledger.write() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE UPDATE ON alert_messages BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    for _ in range(2):
        with pytest.raises(LedgerError):
            sending.send_due(office)
    assert office.given("mail") == []


def test_a_channel_that_is_gone_is_waited_for_no_more(office: Office) -> None:
    """Messages to a channel that is no longer configured shall be given up with that reason."""
    office.write("removed", "r1")
    assert sending.send_due(office).next_due is None
    with office.ledger.read() as connection:
        (one,) = alerts.recent(connection, 1)
    assert one.last_error == "The channel is no longer configured"

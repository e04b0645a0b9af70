"""Files that wait for another entry: they are judged again only when that comes, and come to the same."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, event

from gateway.ledger import arrivals
from gateway.model import State
from gateway.rules.completeness import Complete, Damaged, Outcome
from gateway.stages import arrive, looking
from gateway.stages.context import Context, Report
from gateway.stages.origins import source_of
from tests.pipeline.plant import Plant, ShiftedClock, confirmation, name_of, route

NAMES = ("a.csv", "b.csv", "other.txt", "c.tmp")
SIDES = ("a.csv.done", "b.csv.done", "a.done", "a.csv.sha256", "b.csv.sha256", "all.ctl")
POLICIES = (
    "{require: [done-marker]}",
    "{require: [done-marker], done_replaces_extension: true}",
    "{require: [done-marker, checksum]}",
    "{require: [checksum, stability], looks: 2, quiet: 20s}",
    "{require: [done-marker, stability], looks: 3, quiet: 60s, alert_after: 2h}",
    "{require: [control-file], mismatch_after: 2m}",
    "{require: [control-file, done-marker]}",
    "{require: [trailer-count, done-marker]}",
)
#: Of each policy; with 100 they take four minutes.
EXAMPLES = 5
CONTENTS = (b"one\r\n", b"other\r\n", b"longer than these\r\n")


class StoppedClock(ShiftedClock):
    """A clock that stands between steps, so that both ways of judging see the same moment."""

    def now(self) -> datetime:
        """Return a fixed moment and what was added to it."""
        return datetime(2026, 11, 23, 3, 0, tzinfo=UTC) + self.ahead


def side_file(name: str, content: bytes) -> bytes:
    """Return what stands in a side file that is about files with this content."""
    digest = hashlib.sha256(content).hexdigest()
    if name.endswith(".sha256"):
        return f"{digest}  {name.removesuffix('.sha256')}\n".encode()
    return f"file;sha256\na.csv;{digest}\nmissing.csv;\n".encode() if name.endswith(".ctl") else b""


changes = st.tuples(
    st.sampled_from((*NAMES, *SIDES)),
    st.sampled_from(("write", "write", "remove", "touch")),
    st.integers(0, 2),
)
steps = st.lists(
    st.tuples(st.lists(changes, max_size=3), st.sampled_from((1, 30, 90, 4000, 90000)), st.booleans()),
    min_size=3,
    max_size=7,
)


def change(plant: Plant, name: str, what: str, number: int) -> None:
    """Do one thing that a sender does."""
    path = plant.inbox() / name
    content = CONTENTS[number]
    if what == "write":
        path.write_bytes(side_file(name, content) if name in SIDES else content)
    elif path.exists() and what == "remove":
        path.unlink()
    elif path.exists():
        os.utime(path, ns=(number, number))


def verdicts(context: Context) -> dict[str, tuple[str, str, str]]:
    """Return what becomes of each file in the inbox, and why."""
    (own,) = context.site.routes
    look = looking.look_at(context, own, source_of(context, own))
    found = {name: said(one) for name, one in looking.assess_all(context, own, look).items()}
    with context.ledger.write() as connection:
        arrivals.note_look(connection, own.name, look.at)
    with context.ledger.read() as connection:
        rows = arrivals.named(connection, own.name, look.standing)
    return found | {one.name: ("Waiting", one.reason_code, one.reason) for one in rows}


def said(outcome: Outcome) -> tuple[str, str, str]:
    """Return an outcome in words; of what is taken, what proves it."""
    if isinstance(outcome, Complete):
        return "Complete", "", "; ".join(one.kind for one in outcome.evidence)
    if isinstance(outcome, Damaged):
        return "Damaged", "", outcome.finding.message
    return type(outcome).__name__, *arrive._reason(outcome)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_file_that_stands_is_judged_as_if_it_were_looked_at_anew(policy: str) -> None:
    """Whatever comes, changes or goes, each file shall get the verdict and words of a look at everything."""

    @settings(max_examples=EXAMPLES)
    @given(steps)
    def judge(steps: list[tuple[list[tuple[str, str, int]], int, bool]]) -> None:
        with tempfile.TemporaryDirectory() as directory:
            plant = Plant.build(Path(directory) / "site", route(completeness=policy))
            plant.clock = StoppedClock()
            for done, seconds, reboots in steps:
                for one in done:
                    change(plant, *one)
                plant.clock.advance(seconds=seconds)
                plant.clock.boot = "boot-2" if reboots else plant.clock.boot
                with plant.working() as context:
                    found = verdicts(context)
                    usual = context.site
                    context.site = dataclasses.replace(usual, digest="nothing was judged under this")
                    assert found == verdicts(context)
                    context.site = usual
                plant.run()

    judge()


def marked(tmp_path: Path, more: str = "") -> Plant:
    """Return a plant whose files wait for done markers."""
    return Plant.build(tmp_path / "site", route(completeness=f"{{require: [done-marker]{more}}}"))


def test_files_that_wait_cost_no_writing(tmp_path: Path) -> None:
    """Files that wait for their markers shall be written down once, however often they are seen."""
    plant = marked(tmp_path)
    for number in range(50):
        plant.drop_confirmation(number + 1)
    plant.run()
    written: list[int] = []
    with plant.working() as context:

        @event.listens_for(Engine, "after_cursor_execute")
        def _count(_c: object, _k: object, text: str, values: object, _x: object, many: bool) -> None:
            if "INTO arrivals" in text:
                written.append(len(values) if many and isinstance(values, list) else 1)

        arrive_all(context)
        assert sum(written) == 0
        plant.drop(f"{name_of(7)}.done", b"")
        arrive_all(context)
        event.remove(Engine, "after_cursor_execute", _count)
    assert sum(written) <= 2
    assert plant.states() == {name_of(7): State.ARRIVED}


def arrive_all(context: Context) -> None:
    """Take what is complete."""
    (own,) = context.site.routes
    for _batch in arrive.arrive(context, own, Report(own.name)):
        pass


def test_what_waits_is_shown_with_its_age_at_the_last_look(tmp_path: Path) -> None:
    """The status shall say how long a file waits, and be right about when it was seen last."""
    plant = marked(tmp_path)
    plant.drop_confirmation(1)
    plant.drop("note.txt", b"-")
    plant.run()
    plant.clock.advance(hours=3)
    plant.run()
    waiting = plant.waiting()
    assert waiting[name_of(1)].startswith("waits for 3 h: its done marker")
    assert waiting["note.txt"].endswith("seen for 3 h")
    with plant.opened() as context, context.ledger.read() as connection:
        rows = arrivals.waiting(connection)
    assert all(row.last_seen_at - row.first_seen_at >= timedelta(hours=3) for row in rows)


def test_a_file_that_stands_too_long_is_told_of(tmp_path: Path) -> None:
    """A file that waits longer than is normal shall be a problem of every pass from then on."""
    plant = marked(tmp_path, ", alert_after: 1h")
    plant.drop_confirmation(1)
    told = []
    for _ in range(4):
        (report,) = plant.run()
        told.append(len(report.problems))
        plant.clock.advance(minutes=40)
    assert told == [0, 0, 1, 1]


def test_files_are_judged_anew_under_another_configuration(tmp_path: Path) -> None:
    """Files that waited for a marker shall be taken once the route asks for none."""
    plant = marked(tmp_path)
    plant.drop(name_of(1), confirmation(1))
    plant.run()
    plant.run()
    plant.configure(route())
    plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED}


def test_a_file_that_stood_and_is_gone_is_forgotten(tmp_path: Path) -> None:
    """Nothing shall wait that its sender has taken back."""
    plant = marked(tmp_path)
    path = plant.drop(name_of(1), confirmation(1))
    plant.run()
    path.unlink()
    (report,) = plant.run()
    assert (plant.waiting(), report.waiting) == ({}, 0)

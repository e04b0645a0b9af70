"""Duplicates: the same message, key, bytes or record, and what a route says to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.errors import ConfigurationError
from gateway.model import State
from gateway.operations.reprocess import Selection, reprocess, select
from gateway.pipeline import run_routes
from tests.pipeline.plant import Plant, confirmation, lock_anew, name_of, route

FIRST, AGAIN = name_of(1), "CONF_MES01_0000001-again.csv"

#: What a route does with a duplicate: how the file ends, and whether it is delivered.
ENDS = {
    "fail": (State.FAILED, False),
    "set-aside": (State.DUPLICATE, False),
    "accept-and-note": (State.PROCESSED, True),
}

#: The message id stands in the name, so that the same bytes can be two messages.
NAMED = r"'CONF_(?P<sender>[A-Z0-9]+)_(?P<control>[0-9]{7})(?:-(?P<message_id>[a-z]+))?\.csv'"

#: Verdict: finding code, the second file's name and content, what the route needs for it to be possible.
SECOND: dict[str, tuple[str, str, bytes, dict[str, str]]] = {
    "resend": ("F701", AGAIN, confirmation(1), {}),
    "conflict": ("F702", AGAIN, confirmation(1, first=900), {}),
    "copy": ("F703", AGAIN, confirmation(1), {"identity_from": "name", "name_pattern": NAMED}),
    "record_duplicate": ("F704", name_of(2), confirmation(2, first=101), {}),
}


def plant_with(directory: Path, **parts: str) -> Plant:
    return Plant.build(directory / "site", route(**parts))


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "two passes"])
@pytest.mark.parametrize(
    ("verdict", "action"),
    [
        (verdict, action)
        for verdict in SECOND
        for action in ENDS
        if (verdict, action) != ("conflict", "accept-and-note")
    ],
)
def test_a_route_says_what_becomes_of_each_kind_of_duplicate(
    tmp_path: Path, verdict: str, action: str, together: bool
) -> None:
    """The gateway shall fail, set aside or note a duplicate as its route says, in one batch or days later."""
    code, name, content, parts = SECOND[verdict]
    plant = plant_with(tmp_path, duplicates=f"{{{verdict}: {action}}}", **parts)
    plant.drop(FIRST, confirmation(1))
    if not together:
        plant.run()
        plant.clock.advance(days=200)
    plant.drop(name, content)
    plant.run()
    state, goes = ENDS[action]
    assert plant.states() == {FIRST: State.PROCESSED, name: state}
    assert plant.delivered() == sorted([FIRST, name] if goes else [FIRST])
    assert plant.codes(name) == [code]
    assert plant.transfer(FIRST).id in str(plant.transfer(name).findings)
    assert plant.transfer(name).verdict == (None if goes else verdict.replace("_", "-"))
    plant.demand_proof()


@pytest.mark.parametrize("verdict", ["resend", "conflict", "copy"])
def test_a_service_knows_what_came_since_it_started(tmp_path: Path, verdict: str) -> None:
    """The gateway shall find a duplicate of what came before, and after, it had all bytes in memory."""
    code, name, content, parts = SECOND[verdict]
    plant = plant_with(tmp_path, **parts)
    plant.drop_confirmation(2)
    plant.run()
    plant.recalls = True
    with plant.working() as context:
        plant.drop(FIRST, confirmation(1))
        run_routes(context)
        plant.drop(name, content)
        plant.drop("again.csv", confirmation(2))
        run_routes(context)
    assert [row.name for row in plant.transfers() if row.state is State.PROCESSED] == [name_of(2), FIRST]
    assert plant.codes(name) == [code]
    plant.demand_proof()


def test_a_conflict_can_never_be_configured_away(plant: Plant) -> None:
    """The gateway shall refuse a configuration that accepts conflicts."""
    plant.configure(route(duplicates="{conflict: accept-and-note}"))
    with pytest.raises(ConfigurationError, match="conflict"):
        plant.run()


@pytest.mark.parametrize("action", ENDS)
def test_the_same_bytes_on_another_route_are_a_copy(tmp_path: Path, action: str) -> None:
    """The gateway shall call bytes that another route has accepted a copy, whatever name they have here."""
    other = route(
        "elsewhere",
        destinations="{erp: {path: outbox/elsewhere}}",
        duplicates=f"{{resend: fail, copy: {action}}}",
    )
    plant = Plant.build(tmp_path / "site", route() + other)
    plant.drop(FIRST, confirmation(1))
    plant.drop(FIRST, confirmation(1), "elsewhere")
    plant.drop(AGAIN, confirmation(1), "elsewhere")
    plant.run()
    state, _goes = ENDS[action]
    first = next(row for row in plant.transfers() if row.route == "elsewhere" and row.name == FIRST)
    assert first.state is state
    assert "F703" in str(first.findings)
    assert plant.transfer(AGAIN).state is (State.FAILED if action == "accept-and-note" else state)
    plant.demand_proof()


def test_another_route_may_have_the_same_keys(tmp_path: Path) -> None:
    """The gateway shall compare interchange and record keys within one route only."""
    other = route("elsewhere", destinations="{erp: {path: outbox/elsewhere}}")
    plant = Plant.build(tmp_path / "site", route() + other)
    plant.drop(FIRST, confirmation(1))
    plant.drop(AGAIN, confirmation(1, quantity="1,000"), "elsewhere")
    plant.run()
    assert plant.states() == {FIRST: State.PROCESSED, AGAIN: State.PROCESSED}


def test_a_key_from_the_name_counts_where_the_route_says_so(tmp_path: Path) -> None:
    """The gateway shall take the interchange key from the name where the route says so, else from inside."""
    parts = {"name_pattern": NAMED}
    for number, (source, state) in enumerate([("name", State.PROCESSED), ("envelope", State.FAILED)]):
        plant = Plant.build(tmp_path / f"site{number}", route(identity_from=source, **parts))
        plant.drop("CONF_MES01_0000001-a.csv", confirmation(1))
        plant.drop("CONF_MES01_0000001-b.csv", confirmation(1, first=900))
        plant.run()
        assert plant.states()["CONF_MES01_0000001-b.csv"] is state, source
    assert plant.codes("CONF_MES01_0000001-b.csv") == ["F702"]


def test_a_key_of_receiver_and_time_tells_messages_apart(tmp_path: Path) -> None:
    """The gateway shall build the interchange key of every part that the format names."""
    plant = Plant.build(tmp_path / "site", route())
    definition = plant.directory / "formats" / "confirmation" / "1.1.0" / "format.yaml"
    text = definition.read_text("utf-8")
    definition.write_text(text.replace("key: [sender, message_id]", "key: [receiver, created_at]"), "utf-8")
    lock_anew(plant.directory / "formats")
    plant.own_formats = True
    plant.drop(FIRST, confirmation(1))
    plant.drop(AGAIN, confirmation(2))
    plant.run()
    assert plant.states() == {FIRST: State.PROCESSED, AGAIN: State.FAILED}
    assert plant.codes(AGAIN) == ["F702"]


TALLY = """\
schema: 1
message_type: tally
version: 1.0.0
status: released
title: Something without an envelope
kind: delimited
dialect: {delimiter: ";"}
records:
  row:
    fields:
      place: {pattern: "[A-Z]+"}
      count: {type: integer}
"""


def test_files_without_a_key_are_told_by_their_content(tmp_path: Path) -> None:
    """The gateway shall tell files without an interchange key by their bytes, then by their name."""
    plant = Plant.build(tmp_path / "site", route())
    formats = plant.directory / "formats" / "tally" / "1.0.0"
    formats.mkdir(parents=True)
    (formats / "format.yaml").write_text(TALLY)
    lock_anew(plant.directory / "formats")
    plant.configure(route("tallies", message_type="tally", destinations="{erp: {path: outbox/tallies}}"))
    plant.own_formats = True
    (plant.directory / "inbox" / "tallies").mkdir(parents=True)
    (plant.directory / "outbox" / "tallies").mkdir(parents=True)
    for name, content in (
        ("a.csv", b"DOCK;1\n"),
        ("b.csv", b"DOCK;2\n"),
        ("c.csv", b"DOCK;1\n"),
    ):
        plant.drop(name, content, "tallies")
    plant.run()
    plant.drop("a.csv", b"DOCK;1\n", "tallies")
    plant.run()
    assert [(row.name, row.state, row.verdict) for row in plant.transfers()] == [
        ("a.csv", State.PROCESSED, None),
        ("b.csv", State.PROCESSED, None),
        ("c.csv", State.FAILED, "copy"),
        ("a.csv", State.DUPLICATE, "resend"),
    ]
    (plant.directory / "outbox" / "tallies" / "b.csv").unlink()  # the receiver has taken it
    plant.drop("b.csv", b"DOCK;3\n", "tallies")
    plant.run()
    assert plant.transfer("b.csv").state is State.PROCESSED
    plant.demand_proof()


def test_a_failed_file_was_never_accepted(plant: Plant) -> None:
    """The gateway shall not call a file a duplicate of one that failed; a corrected one shall go through."""
    wrong = confirmation(1, quantity="4B0,5")
    plant.drop(FIRST, wrong)
    plant.run()
    plant.drop(FIRST, wrong)
    plant.run()
    assert [row.verdict for row in plant.transfers()] == [None, None]
    assert plant.codes(FIRST) == ["F302"]
    plant.drop(FIRST, confirmation(1))
    plant.run()
    assert [row.state for row in plant.transfers()] == [State.FAILED, State.FAILED, State.PROCESSED]
    plant.demand_proof()


@pytest.mark.parametrize("stage", ["held", "delivering", "replayed"])
def test_a_file_on_its_way_has_been_accepted(tmp_path: Path, stage: str) -> None:
    """The gateway shall call a file a duplicate of one that is held, being delivered or being replayed."""
    parts = {"sequence": "{model: counter, start: 1}"} if stage == "held" else {}
    plant = plant_with(tmp_path, **parts)
    control = 2 if stage == "held" else 1
    outbox = plant.directory / "outbox" / "erp"
    if stage == "delivering":
        outbox.rmdir()
    plant.drop(name_of(control), confirmation(control))
    plant.run()
    if stage == "replayed":
        with plant.opened() as context:
            from gateway.operations.reprocess import replay

            replay(context, [name_of(control)], "the receiver lost it")
    again = name_of(control).replace(".csv", "-again.csv")
    other = name_of(control).replace(".csv", "-other.csv")
    plant.drop(again, confirmation(control))
    plant.drop(other, confirmation(control, first=9000))
    plant.run()
    assert plant.transfer(again).verdict == "resend"
    assert plant.transfer(other).verdict == "conflict"


def test_a_repeated_record_is_named_with_its_first_place(tmp_path: Path) -> None:
    """The gateway shall say in F704 in which file, record and line a record was accepted first."""
    plant = plant_with(tmp_path)
    plant.drop(FIRST, confirmation(1, rows=3))
    plant.run()
    plant.drop(name_of(2), confirmation(2, rows=3, first=102))
    plant.run()
    row = plant.transfer(name_of(2))
    assert (row.state, row.verdict, row.reason_code) == (State.FAILED, "record-duplicate", "F704")
    assert row.findings is not None
    (found,) = row.findings["listed"]
    assert (found["record_type"], found["record"], found["line"]) == ("confirmation", 2, 2)
    place = f"{FIRST}, record 4, line 4, transfer {plant.transfer(FIRST).id}"
    assert re.search(re.escape(place), found["message"]), found["message"]
    report = (plant.directory / "failed" / "confirmations" / f"{name_of(2)}.report.txt").read_text()
    assert place in " ".join(report.split())


def test_every_repeated_record_is_counted(plant: Plant) -> None:
    """The gateway shall list repeated records up to its limit and count them all."""
    plant.drop(FIRST, confirmation(1, rows=60))
    plant.drop(name_of(2), confirmation(2, rows=80, first=100))
    plant.run()
    found = plant.transfer(name_of(2)).findings
    assert found is not None
    assert found["errors"] == 60
    assert len(found["listed"]) == 20


def test_records_of_a_file_that_failed_repeat_nothing(plant: Plant) -> None:
    """The gateway shall not remember the records of a file that it did not accept."""
    plant.drop(FIRST, confirmation(1).replace(b"T;2;", b"T;3;"))
    plant.drop(name_of(2), confirmation(2, first=100))
    plant.run()
    assert plant.states() == {FIRST: State.FAILED, name_of(2): State.PROCESSED}


@pytest.mark.parametrize("verdict", SECOND)
def test_an_operator_may_allow_a_duplicate_once(tmp_path: Path, verdict: str) -> None:
    """The gateway shall process a failed duplicate again only if an operator allows that very finding."""
    code, name, content, parts = SECOND[verdict]
    plant = plant_with(tmp_path, duplicates=f"{{{verdict}: fail}}", **parts)
    plant.drop(FIRST, confirmation(1))
    plant.drop(name, content)
    plant.run()
    own = verdict.replace("_", "-")
    others = sorted({"resend", "conflict", "copy", "record-duplicate", "late"} - {own})
    for words, state in ((others, State.FAILED), ([own], State.PROCESSED)):
        with plant.opened() as context:
            reprocess(context, select(context, Selection((name,))), "the sender confirms it", words)
        plant.run()
        assert plant.states()[name] is state
        assert plant.codes(name) == [code]
    assert plant.delivered() == sorted([FIRST, name])
    assert [one.reason for one in plant.attempts(name)][1:] == ["the sender confirms it"] * 2
    plant.demand_proof()


def test_a_noted_resend_is_delivered_on_a_sequenced_route_too(tmp_path: Path) -> None:
    """The gateway shall deliver a resend that its route accepts although its number was used."""
    plant = plant_with(
        tmp_path, duplicates="{resend: accept-and-note}", sequence="{model: counter, start: 1}"
    )
    plant.drop(FIRST, confirmation(1))
    plant.drop(name_of(2), confirmation(2))
    plant.run()
    plant.drop(AGAIN, confirmation(1))
    plant.run()
    assert plant.states()[AGAIN] is State.PROCESSED
    assert plant.codes(AGAIN) == ["F701", "F807"]
    plant.drop(name_of(3), confirmation(3))
    plant.run()
    assert plant.states()[name_of(3)] is State.PROCESSED


@pytest.mark.parametrize("by", ["route", "operator"])
def test_a_resend_never_overtakes_the_original_that_is_held(tmp_path: Path, by: str) -> None:
    """The gateway shall not deliver a resend while its original waits for a predecessor."""
    resend = "accept-and-note" if by == "route" else "set-aside"
    plant = plant_with(tmp_path, duplicates=f"{{resend: {resend}}}", sequence="{model: counter, start: 1}")
    plant.drop(name_of(2), confirmation(2))
    plant.run()
    plant.drop(AGAIN, confirmation(2))
    plant.run()
    if by == "operator":
        with plant.opened() as context:
            reprocess(context, select(context, Selection((AGAIN,))), "they say they lost it", ["resend"])
        plant.run()
    assert plant.delivered() == []
    assert plant.states() == {name_of(2): State.HELD, AGAIN: State.FAILED}
    assert plant.transfer(AGAIN).reason_code == "F807"


def test_the_memory_for_duplicates_ends_with_the_retention(tmp_path: Path) -> None:
    """The gateway shall compare with what was accepted within the route's retention, and no longer."""
    plant = plant_with(tmp_path, duplicates="{retention_days: 30}")
    plant.drop(FIRST, confirmation(1))
    plant.run()
    plant.clock.advance(days=29)
    plant.drop(AGAIN, confirmation(1))
    plant.run()
    assert plant.states()[AGAIN] is State.DUPLICATE
    plant.clock.advance(days=2)
    plant.drop(AGAIN, confirmation(1))
    plant.run()
    assert plant.states()[AGAIN] is State.PROCESSED
    plant.demand_proof()

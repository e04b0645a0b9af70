"""Sequence: nothing before its predecessor, gaps that are seen, and what an operator may decide of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from gateway.errors import ActionRefused, ReasonMissing
from gateway.model import State
from gateway.operations.correct import correct
from gateway.operations.holds import held, release_by_hand
from gateway.operations.reprocess import Selection, reprocess, select
from gateway.operations.sequences import overview, reset, waive
from gateway.stages.context import Context
from tests.pipeline.plant import ROUTE, Plant, confirmation, name_of, route

STREAM = "confirmations/MES01"
HELD, DONE, FAILED = State.HELD, State.PROCESSED, State.FAILED


def plant_with(directory: Path, sequence: str, **parts: str) -> Plant:
    return Plant.build(directory / "site", route(sequence=f"{{{sequence}}}", **parts))


def states(plant: Plant, *controls: int, sender: str = "MES01") -> list[State]:
    found = plant.states()
    return [found[name_of(control, sender)] for control in controls]


def order(plant: Plant) -> list[str]:
    """Return the control numbers in the order in which they were delivered."""
    rows = {row.id: row for row in plant.transfers()}
    with plant.opened() as context, context.ledger.read() as connection:
        from gateway.ledger import audit

        entries = [one.entry for one in audit.read(connection)]
    sent = [one.object_id for one in entries if one.action == "delivered"]
    return [(rows[one].control_number or "").lstrip("0") for one in sent]


def gaps(plant: Plant) -> list[str]:
    with plant.opened() as context:
        return [str(gap) for stream in overview(context) for gap in stream.gaps]


def decide(plant: Plant, action: Callable[..., object], *arguments: object) -> None:
    """Let an operator decide something, then run a pass."""
    with plant.opened() as context:
        action(context, *arguments)
    plant.run()


STRICT = "model: counter, order: strict, start: 1"


@pytest.mark.parametrize("together", [True, False], ids=["one batch", "passes"])
def test_a_strict_stream_holds_until_the_gap_is_filled(tmp_path: Path, together: bool) -> None:
    """The gateway shall hold files behind a gap, and deliver all in order once it is filled."""
    plant = plant_with(tmp_path, STRICT, source='{pattern: "*.csv"}')
    for control in (4, 2, 3):
        plant.drop_confirmation(control)
        if not together:
            plant.run()
    plant.run()
    assert states(plant, 2, 3, 4) == [HELD] * 3
    assert plant.delivered() == []
    assert gaps(plant) == ["0000001"]
    with plant.opened() as context:
        assert {str(gap) for one in held(context) for gap in one.waiting_for} == {"0000001"}
    plant.drop_confirmation(1)
    plant.run()
    assert states(plant, 1, 2, 3, 4) == [DONE] * 4
    assert order(plant) == ["1", "2", "3", "4"]
    assert gaps(plant) == []
    plant.demand_proof()


def test_files_of_one_batch_go_in_order_whatever_their_names(tmp_path: Path) -> None:
    """The gateway shall order a batch by control number though names and times say something else."""
    plant = plant_with(tmp_path, STRICT, name_pattern="'[a-z]\\.csv'")
    for name, control in (("a.csv", 3), ("b.csv", 1), ("c.csv", 2)):
        plant.drop(name, confirmation(control))
    plant.run()
    assert order(plant) == ["1", "2", "3"]
    assert plant.delivered() == ["a.csv", "b.csv", "c.csv"]


def test_a_reporting_stream_delivers_and_records_the_gap(tmp_path: Path) -> None:
    """The gateway shall deliver behind a gap where the route reports only, warn F805 and show the gap."""
    plant = plant_with(tmp_path, "model: counter, order: report, start: 1, late: accept")
    plant.drop_confirmation(1)
    plant.drop_confirmation(4)
    plant.run()
    assert states(plant, 1, 4) == [DONE] * 2
    assert plant.codes(name_of(4)) == ["F805"]
    assert gaps(plant) == ["0000002 to 0000003"]
    assert plant.overview()["gaps"][0]["stream"] == STREAM
    plant.drop_confirmation(3)
    plant.run()
    assert states(plant, 3) == [DONE]
    assert plant.codes(name_of(3)) == ["F801"]
    assert gaps(plant) == ["0000002"]


@pytest.mark.parametrize("source", ["envelope", "name"])
def test_the_control_number_comes_from_where_the_route_says(tmp_path: Path, source: str) -> None:
    """The gateway shall take the control number from the envelope or from the name, as the route says."""
    plant = plant_with(tmp_path, f"{STRICT}, number_from: {source}")
    plant.drop(name_of(7), confirmation(1))
    plant.drop(name_of(1), confirmation(7))
    plant.run()
    there, waits = (name_of(7), name_of(1)) if source == "envelope" else (name_of(1), name_of(7))
    assert plant.states() == {there: DONE, waits: HELD}


def test_each_sender_has_its_own_stream(tmp_path: Path) -> None:
    """The gateway shall count each sender of a route by itself: one's gap holds nobody else up."""
    plant = plant_with(tmp_path, STRICT)
    plant.drop_confirmation(2)
    plant.drop_confirmation(1, sender="MES02", first=5000)
    plant.drop_confirmation(2, sender="MES02", first=6000)
    plant.run()
    assert states(plant, 2) == [HELD]
    assert states(plant, 1, 2, sender="MES02") == [DONE] * 2
    with plant.opened() as context:
        assert [(one.stream, one.expected) for one in overview(context)] == [
            ("confirmations/MES01", "0000001"),
            ("confirmations/MES02", "0000003"),
        ]


def test_a_resend_does_not_move_the_stream(tmp_path: Path) -> None:
    """The gateway shall expect the same number before and after a resend or a conflict."""
    plant = plant_with(tmp_path, STRICT)
    plant.drop_confirmation(1)
    plant.drop("CONF_MES01_0000001-again.csv", confirmation(1))
    plant.drop("CONF_MES01_0000001-other.csv", confirmation(1, first=900))
    plant.run()
    with plant.opened() as context:
        (stream,) = overview(context)
    assert (stream.last, stream.expected, stream.gaps) == ("0000001", "0000002", ())
    plant.drop_confirmation(2)
    plant.run()
    assert states(plant, 2) == [DONE]


def test_a_number_used_twice_fails(tmp_path: Path) -> None:
    """The gateway shall fail another message with a number that was used with F807."""
    plant = plant_with(tmp_path, STRICT)
    plant.drop_confirmation(1)
    plant.run()
    plant.drop("CONF_MES01_0000001-b.csv", confirmation(1, message_id="CNF-ANOTHER-1", first=900))
    plant.run()
    assert plant.transfer("CONF_MES01_0000001-b.csv").reason_code == "F807"


# --- deadlines


def test_an_expired_hold_alerts_and_stays(tmp_path: Path) -> None:
    """The gateway shall call a hold beyond its deadline a problem once a pass, and keep the file."""
    plant = plant_with(tmp_path, f"{STRICT}, hold: 4h, expired: alert")
    plant.drop_confirmation(2)
    assert not plant.run()[0].is_troubled
    plant.clock.advance(hours=5)
    for control in range(11, 14):
        plant.drop_confirmation(control, sender="MES03", first=control * 1000)
    (report,) = plant.run()
    assert [problem.error.code for problem in report.problems if problem.name == name_of(2)] == [
        "hold-expired"
    ]
    assert "0000001" in str(report.problems[0].error)
    assert states(plant, 2) == [HELD]
    plant.drop_confirmation(1)
    plant.run()
    assert states(plant, 1, 2) == [DONE] * 2


def test_an_expired_hold_fails_where_the_route_says_so(tmp_path: Path) -> None:
    """The gateway shall fail a hold beyond its deadline with F803, and take it again when all is there."""
    plant = plant_with(tmp_path, f"{STRICT}, hold: 4h, expired: fail")
    plant.drop_confirmation(2)
    plant.run()
    plant.clock.advance(hours=3)
    plant.drop_confirmation(3)
    plant.run()
    plant.clock.advance(hours=2)
    plant.run()
    assert states(plant, 2, 3) == [FAILED, HELD]
    assert plant.transfer(name_of(2)).reason_code == "F803"
    assert gaps(plant) == ["0000001", "0000002"]
    plant.demand_proof()
    plant.drop_confirmation(1)
    plant.run()
    assert states(plant, 1, 3) == [DONE, HELD]
    decide(plant, ask, name_of(2))
    assert states(plant, 1, 2, 3) == [DONE] * 3
    assert order(plant) == ["1", "2", "3"]
    plant.demand_proof()


def ask(context: Context, name: str, *allow: str) -> None:
    """Ask for a reprocess of one file."""
    reprocess(context, select(context, Selection((name,))), "the test asks for it", allow)


def test_a_corrected_file_repeats_nothing_of_one_whose_hold_expired(tmp_path: Path) -> None:
    """The gateway shall forget the records of a held file that failed, so that its correction can go."""
    plant = plant_with(tmp_path, f"{STRICT}, hold: 4h, expired: fail")
    plant.drop_confirmation(2)
    plant.run()
    plant.clock.advance(hours=5)
    plant.run()
    corrected = tmp_path / "corrected.csv"
    corrected.write_bytes(confirmation(2, quantity="480,500"))
    with plant.opened() as context:
        correct(context, select(context, Selection((name_of(2),)))[0], corrected, "wrong quantity")
    plant.drop_confirmation(1)
    plant.run()
    assert states(plant, 1, 2) == [DONE] * 2


@pytest.mark.parametrize("expired", ["alert", "fail"])
def test_a_predecessor_that_waits_at_the_source_meets_the_deadline(tmp_path: Path, expired: str) -> None:
    """The gateway shall take what has arrived before it judges a deadline that passed while it was down."""
    plant = plant_with(tmp_path, f"{STRICT}, hold: 4h, expired: {expired}")
    plant.drop_confirmation(2)
    plant.run()
    plant.clock.advance(days=3)
    plant.drop_confirmation(1)
    (report,) = plant.run()
    assert states(plant, 1, 2) == [DONE] * 2
    assert report.problems == []


# --- wrap, restarts, reserved numbers, late arrivals


def test_a_counter_wraps_and_leaves_out_reserved_numbers(tmp_path: Path) -> None:
    """The gateway shall take 0000001 after the last number of a counter, and never a reserved one."""
    plant = plant_with(
        tmp_path, "model: counter, order: strict, start: 9999998, wrap_after: 9999999, reserved: ['0000000']"
    )
    for control in (9999998, 9999999, 1, 2):
        plant.drop_confirmation(control, first=control * 10 % 1_000_000)
        plant.run()
    assert states(plant, 9999998, 9999999, 1, 2) == [DONE] * 4
    plant.drop_confirmation(0, first=7000)
    plant.run()
    assert plant.transfer(name_of(0)).reason_code == "F802"
    assert gaps(plant) == []


def test_a_declared_restart_begins_to_count_anew(tmp_path: Path) -> None:
    """The gateway shall begin to count anew at the number that declares a restart."""
    plant = plant_with(tmp_path, "model: counter, order: strict, start: 500, reset_to: 1")
    for control, message in ((500, "A"), (501, "B"), (1, "C"), (2, "D")):
        plant.drop_confirmation(control, message_id=f"CNF-{message}-1")
        plant.run()
    assert states(plant, 500, 501, 1, 2) == [DONE] * 4
    plant.drop_confirmation(502, message_id="CNF-E-1")
    plant.run()
    assert states(plant, 502) == [HELD]


@pytest.mark.parametrize("late", ["fail", "accept"])
def test_a_file_that_comes_after_its_waiver_is_late(tmp_path: Path, late: str) -> None:
    """The gateway shall fail a waived number that comes after all, or deliver it with a warning."""
    plant = plant_with(tmp_path, f"{STRICT}, late: {late}")
    plant.drop_confirmation(2)
    plant.run()
    decide(plant, waive, STREAM, "1", "1", "the MES has lost it for good")
    assert states(plant, 2) == [DONE]
    plant.drop_confirmation(1)
    plant.run()
    assert states(plant, 1) == [DONE if late == "accept" else FAILED]
    assert plant.codes(name_of(1)) == ["F801"]
    if late == "fail":
        decide(plant, ask, name_of(1), "late")
        assert states(plant, 1) == [DONE]
    assert sorted(plant.delivered()) == [name_of(1), name_of(2)]


def test_a_chain_follows_the_predecessors_that_files_name(tmp_path: Path) -> None:
    """The gateway shall deliver a chain in the order in which its files name one another."""
    plant = plant_with(
        tmp_path,
        "model: chain, order: strict, number_from: name, reserved: ['0']",
        name_pattern=r"'V_(?P<previous>[0-9]+)_(?P<control>[0-9]+)\.csv'",
    )
    plant.drop("V_0_40.csv", confirmation(40))
    plant.run()
    for previous, control in ((41, 17), (40, 41), (17, 3)):
        plant.drop(f"V_{previous}_{control}.csv", confirmation(control))
    plant.run()
    assert order(plant) == ["40", "41", "17", "3"]
    plant.drop("V_88_90.csv", confirmation(90))
    plant.run()
    assert plant.states()["V_88_90.csv"] is HELD
    assert gaps(plant) == ["88"]
    plant.drop("V_41_91.csv", confirmation(91))
    plant.run()
    assert plant.transfer("V_41_91.csv").reason_code == "F806"
    decide(plant, waive, "confirmations", "88", "88", "sent by hand")
    assert plant.states()["V_88_90.csv"] is DONE


def test_a_reporting_chain_goes_on_behind_a_missing_link(tmp_path: Path) -> None:
    """The gateway shall deliver a file whose predecessor is missing where the route reports, and say so."""
    plant = plant_with(
        tmp_path,
        "model: chain, order: report, number_from: name, reserved: ['0']",
        name_pattern=r"'V_(?P<previous>[0-9]+)_(?P<control>[0-9]+)\.csv'",
    )
    plant.drop("V_0_1.csv", confirmation(1))
    plant.drop("V_2_3.csv", confirmation(3))
    plant.run()
    assert plant.states() == {"V_0_1.csv": DONE, "V_2_3.csv": DONE}
    assert plant.codes("V_2_3.csv") == ["F806"]
    assert gaps(plant) == ["2"]


@pytest.mark.parametrize(("late", "state"), [("fail", FAILED), ("accept", DONE)])
@pytest.mark.parametrize("order_", ["strict", "report"])
def test_timestamps_show_overtaking(tmp_path: Path, late: str, state: State, order_: str) -> None:
    """The gateway shall fail or note a file that is older than the last one of its stream (F804)."""
    plant = plant_with(
        tmp_path,
        f"model: timestamp, order: {order_}, number_from: name, late: {late}",
        name_pattern=r"'S_(?P<control>[0-9]{14})\.csv'",
    )
    for stamp, control in (("20261117080000", 1), ("20261117090000", 2)):
        plant.drop(f"S_{stamp}.csv", confirmation(control))
        plant.run()
    older = "S_20261117083000.csv"
    plant.drop(older, confirmation(3))
    plant.run()
    assert plant.states()[older] is state
    assert plant.codes(older) == ["F804"]
    if late == "fail":
        decide(plant, ask, older, "overtaken")
        assert plant.states()[older] is DONE


def test_a_route_without_a_model_delivers_as_it_comes(tmp_path: Path) -> None:
    """The gateway shall keep no stream where the route has no sequence."""
    plant = plant_with(tmp_path, "model: none")
    for control in (9, 2, 5):
        plant.drop_confirmation(control)
    plant.run()
    assert states(plant, 9, 2, 5) == [DONE] * 3
    with plant.opened() as context:
        assert overview(context) == []


# --- failed files and operators


def test_a_failed_file_blocks_its_successors_until_it_comes_right(tmp_path: Path) -> None:
    """The gateway shall hold the successors of a failed file until its correction has gone."""
    plant = plant_with(tmp_path, STRICT)
    plant.drop_confirmation(1, quantity="4B0,5")
    plant.drop_confirmation(2)
    plant.run()
    assert states(plant, 1, 2) == [FAILED, HELD]
    corrected = tmp_path / "corrected.csv"
    corrected.write_bytes(confirmation(1))
    with plant.opened() as context:
        correct(context, select(context, Selection((name_of(1),)))[0], corrected, "typing error")
    plant.run()
    assert states(plant, 1, 2) == [DONE] * 2
    assert order(plant) == ["1", "2"]
    plant.demand_proof()


def test_a_waiver_frees_the_successors_of_a_failed_file(tmp_path: Path) -> None:
    """The gateway shall let the successors of a failed file go once its number was waived, with a reason."""
    plant = plant_with(tmp_path, STRICT)
    plant.drop_confirmation(1, quantity="4B0,5")
    plant.drop_confirmation(2)
    plant.run()
    decide(plant, waive, "confirmations", "1", "1", "  posted by hand ")
    assert states(plant, 1, 2) == [FAILED, DONE]
    (entry,) = plant.trail(STREAM, "sequence-waived")
    assert (entry.actor.name, entry.reason) == ("operator", "posted by hand")
    assert entry.old is not None
    assert entry.new is not None
    assert (entry.old["missing"][0][:2], entry.new["missing"]) == ([0, 0], [])


def test_an_operator_resets_a_stream(tmp_path: Path) -> None:
    """The gateway shall expect the number that an operator resets a stream to, and give up the old gaps."""
    plant = plant_with(tmp_path, STRICT)
    plant.drop_confirmation(1)
    plant.drop_confirmation(3)
    plant.run()
    decide(plant, reset, STREAM, "50", "the MES was restored from a backup")
    assert states(plant, 3) == [DONE]
    plant.drop_confirmation(50)
    plant.run()
    assert states(plant, 50) == [DONE]
    (entry,) = plant.trail(STREAM, "sequence-reset")
    assert entry.new is not None
    assert entry.new["asked"] == {"to": "50"}


def test_an_operator_releases_a_held_file(tmp_path: Path) -> None:
    """The gateway shall let a held file go by hand, with what waited behind the same gap, in order."""
    plant = plant_with(tmp_path, STRICT)
    for control in (3, 4, 7):
        plant.drop_confirmation(control)
    plant.run()
    decide(plant, release_by_hand, [name_of(3)], "the ERP needs it now")
    assert states(plant, 3, 4, 7) == [DONE, DONE, HELD]
    assert order(plant) == ["3", "4"]
    assert gaps(plant) == ["0000005 to 0000006"]
    (entry,) = plant.trail(plant.transfer(name_of(3)).id, "hold-released")
    assert (entry.reason, entry.new) == ("the ERP needs it now", {"given_up": ["0000001 to 0000002"]})


@pytest.mark.parametrize(
    "action",
    [
        lambda context, reason: waive(context, STREAM, "1", "1", reason),
        lambda context, reason: reset(context, STREAM, "1", reason),
        lambda context, reason: release_by_hand(context, [name_of(2)], reason),
    ],
    ids=["waive", "reset", "release"],
)
@pytest.mark.parametrize("reason", [None, "", "  \n"])
def test_a_decision_without_a_reason_is_refused(
    tmp_path: Path, action: Callable[[Context, str | None], object], reason: str | None
) -> None:
    """The gateway shall refuse an operator's decision without a reason, and change nothing."""
    plant = plant_with(tmp_path, STRICT)
    plant.drop_confirmation(2)
    plant.run()
    with plant.opened() as context, pytest.raises(ReasonMissing):
        action(context, reason)
    plant.run()
    assert states(plant, 2) == [HELD]
    assert plant.trail(STREAM, "sequence-waived") == []


def test_decisions_about_nothing_are_refused(tmp_path: Path) -> None:
    """The gateway shall refuse to waive what is not missing and to release what is not held."""
    plant = plant_with(tmp_path, STRICT)
    plant.drop_confirmation(1)
    plant.run()
    with plant.opened() as context:
        for wrong in (
            lambda: waive(context, STREAM, "one", "1", "why not"),
            lambda: waive(context, "elsewhere", "1", "1", "why not"),
            lambda: release_by_hand(context, [name_of(1)], "why not"),
            lambda: release_by_hand(context, ["nothing like it"], "why not"),
        ):
            with pytest.raises(ActionRefused):
                wrong()


def test_a_stream_outlives_its_files(tmp_path: Path) -> None:
    """The gateway shall know where a stream stands however long ago its last file came."""
    plant = plant_with(tmp_path, STRICT)
    plant.drop_confirmation(1)
    plant.run()
    plant.clock.advance(days=4000)
    plant.drop_confirmation(3)
    plant.run()
    assert states(plant, 3) == [HELD]
    assert isinstance(plant.transfer(name_of(3)).held_until, datetime)


def test_a_number_may_be_waived_before_it_is_missed(tmp_path: Path) -> None:
    """The gateway shall not wait for numbers that an operator gave up in advance."""
    plant = plant_with(tmp_path, STRICT)
    plant.drop_confirmation(1)
    plant.run()
    decide(plant, waive, STREAM, "2", "4", "never written: the MES was down")
    plant.drop_confirmation(5)
    plant.run()
    assert states(plant, 5) == [DONE]


@pytest.mark.parametrize("now", ["{model: counter, order: report, start: 1}", "{model: none}"])
def test_held_files_go_where_the_route_is_strict_no_longer(tmp_path: Path, now: str) -> None:
    """The gateway shall let held files go in order when their route was configured not to wait any more."""
    plant = plant_with(tmp_path, STRICT)
    for control in (5, 3):
        plant.drop_confirmation(control)
        plant.run()
    plant.configure(route(sequence=now))
    plant.run()
    assert states(plant, 3, 5) == [DONE] * 2
    assert order(plant) == ["3", "5"]
    assert gaps(plant) == (["0000001 to 0000002", "0000004"] if "report" in now else [])
    plant.demand_proof()


@pytest.mark.parametrize("source", ["name", "envelope"])
def test_an_accepted_empty_file_does_not_stop_its_stream(tmp_path: Path, source: str) -> None:
    """The gateway shall deliver an accepted empty file, in order where its name has the number."""
    sequence = f"{{model: counter, order: strict, start: 1, number_from: {source}}}"
    plant = Plant.build(
        tmp_path / "site", f"{ROUTE}    empty_file: accept-and-note\n    sequence: {sequence}\n"
    )
    plant.drop_confirmation(1)
    plant.drop(name_of(2), b"")
    plant.run()
    if source == "envelope":
        plant.drop_confirmation(2, first=900, message_id="CNF-2")
        (plant.inbox() / name_of(2)).rename(plant.inbox() / "CONF_MES01_0000002-again.csv")
    plant.drop_confirmation(3)
    plant.run()
    assert plant.states()[name_of(2)] is State.PROCESSED
    assert plant.states()[name_of(3)] is State.PROCESSED

"""Streams at their limits: endless numbers, poison files, another model, and thousands of held files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.model import State
from gateway.operations.holds import held, release_by_hand
from gateway.operations.reprocess import Selection, reprocess, select
from gateway.operations.sequences import overview, reset
from gateway.rules import sequence
from gateway.stages.context import Report
from tests.pipeline.plant import Plant, confirmation, name_of, route

STREAM = "confirmations/MES01"
HELD, DONE, FAILED, CLAIMED = State.HELD, State.PROCESSED, State.FAILED, State.CLAIMED
NUMBERED = "'X_(?P<control>[0-9]+)_(?P<previous>[0-9]+)\\.csv'"
COUNTER = "{model: counter, order: strict, number_from: name, start: 1}"
CHAIN = "{model: chain, order: strict, number_from: name}"


def named(number: int | str, previous: int | str = 0) -> str:
    return f"X_{number}_{previous}.csv"


def numbered(plant: Plant, sequence_: str) -> None:
    plant.configure(route(sequence=sequence_, name_pattern=NUMBERED))


def drop(plant: Plant, number: int, previous: int = 0) -> None:
    plant.drop(named(number, previous), confirmation(number))


def order(plant: Plant) -> list[str]:
    """Return the control numbers in the order in which they were delivered."""
    with plant.opened() as context, context.ledger.read() as connection:
        from gateway.ledger import audit

        entries = [one.entry for one in audit.read(connection)]
    names = {row.id: row.control_number or "" for row in plant.transfers()}
    return [names[one.object_id] for one in entries if one.action == "delivered"]


def problems(reports: list[Report]) -> list[str]:
    return [str(problem.error) for report in reports for problem in report.problems]


def run(plant: Plant) -> list[str]:
    return problems(plant.run())


@pytest.mark.parametrize("kind", ["strict", "report"])
def test_a_number_of_thirty_digits_stops_no_route(plant: Plant, kind: str) -> None:
    """The gateway shall take a control number that no machine word holds as the far end of a gap."""
    numbered(plant, f"{{model: counter, order: {kind}, number_from: name, start: 1}}")
    drop(plant, 1)
    plant.drop(named("9" * 30), confirmation(2))
    plant.drop(named("0"), confirmation(3))
    assert run(plant) == []
    assert plant.states()[named("9" * 30)] is (HELD if kind == "strict" else DONE)
    with plant.opened() as context:
        assert [str(gap) for one in overview(context) for gap in one.gaps] == [f"2 to {'9' * 29}8"]
    assert run(plant) == []


def poison(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the rules stumble over one control number."""
    judge = sequence.judge

    def stumbling(policy: Any, state: Any, text: str, *rest: Any) -> Any:
        if text == f"{number:07d}":
            raise OverflowError("too large to count")
        return judge(policy, state, text, *rest)

    monkeypatch.setattr(sequence, "judge", stumbling)


def test_a_file_that_cannot_be_judged_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway shall fail with F199 the one file that it stumbles over while judging, and no other."""
    plant = Plant.build(tmp_path / "site", route(sequence="{model: counter, order: report, start: 1}"))
    for number in (1, 2, 3):
        plant.drop_confirmation(number)
    with monkeypatch.context() as patched:
        poison(patched, 2)
        assert run(plant) == []
    assert plant.states() == {name_of(1): DONE, name_of(2): FAILED, name_of(3): DONE}
    assert plant.codes(name_of(2)) == ["F199"]
    assert "OverflowError" in (plant.transfer(name_of(2)).reason or "")
    assert plant.delivered() == [name_of(1), name_of(3)]
    plant.demand_proof()
    with plant.opened() as context:
        reprocess(context, select(context, Selection(code="F199")), "the program was put right", ["late"])
    assert run(plant) == []
    assert plant.states()[name_of(2)] is DONE
    plant.demand_proof()


def test_held_files_keep_their_order_when_the_model_is_changed(plant: Plant) -> None:
    """The gateway shall let nothing of a strict stream go because its model was changed, and say so."""
    numbered(plant, CHAIN)
    for number, previous in ((1, 0), (7, 9), (9, 4)):
        drop(plant, number, previous)
    plant.run()
    numbered(plant, COUNTER)
    drop(plant, 20, 9)
    told = run(plant)
    assert len(told) == 1
    assert "stream-suspended" in told[0]
    assert f"gateway sequence reset {STREAM} TO" in told[0]
    assert plant.states() == {named(1): DONE, named(7, 9): HELD, named(9, 4): HELD, named(20, 9): CLAIMED}
    with plant.opened() as context:
        assert {str(gap) for one in held(context) for gap in one.waiting_for} == {"4"}
        reset(context, STREAM, "20", "counted from 20 on")
    plant.run()
    assert run(plant) == []
    assert order(plant) == ["1", "9", "7", "20"]
    plant.demand_proof()


def test_a_stream_takes_the_new_model_once_nothing_waits(plant: Plant) -> None:
    """The gateway shall count by the new model by itself when the last held file of the old one has gone."""
    numbered(plant, COUNTER)
    drop(plant, 3)
    plant.run()
    numbered(plant, CHAIN)
    drop(plant, 50, 49)
    assert len(run(plant)) == 1
    with plant.opened() as context:
        release_by_hand(context, [plant.transfer(named(3)).id], "1 and 2 will not come")
    plant.run()
    assert run(plant) == []
    assert order(plant) == ["3", "50"]
    with plant.opened() as context:
        assert [one.expected for one in overview(context)] == ["50"]


def test_nothing_is_written_while_nothing_can_be_released(plant: Plant) -> None:
    """The gateway shall leave a stream as it is in passes that let nothing of it go."""
    plant.configure(route(sequence="{model: counter, order: strict, start: 1}"))
    plant.drop_confirmation(2)
    plant.run()

    def changed() -> object:
        from gateway.ledger import streams

        with plant.opened() as context, context.ledger.read() as connection:
            return streams.every(connection)[0].changed_at

    before = changed()
    plant.clock.advance(minutes=5)
    plant.run()
    assert changed() == before

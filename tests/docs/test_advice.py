"""What the page of finding codes advises an operator to do leads to the end that it promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.model import State
from gateway.operations import sequences
from gateway.operations.reprocess import Selection, reprocess, select
from tests.pipeline.plant import ROUTE, Plant, confirmation, name_of

COUNTER = ROUTE + "    sequence: {model: counter, start: 1, hold: 1h, expired: fail}\n"
NAMED = "    name_pattern: 'C_(?P<control>[0-9]+)(?:_(?P<previous>[0-9]+))?\\.csv'\n"
WHY = "the test asks for it"


def again(plant: Plant, name: str, *allow: str) -> State:
    """Reprocess a file, allowing what is named, and return what became of it."""
    with plant.opened() as context:
        reprocess(context, select(context, Selection(ids=(plant.transfer(name).id,))), WHY, allow)
    plant.run()
    return plant.states()[name]


@pytest.mark.parametrize(
    ("word", "second"),
    [
        ("resend", ("CONF_MES01_0000001-again.csv", confirmation(1))),
        ("conflict", ("CONF_MES01_0000001-other.csv", confirmation(1, quantity="481,000"))),
        ("record-duplicate", (name_of(2), confirmation(2, first=101))),
    ],
)
def test_an_allowed_duplicate_is_delivered(tmp_path: Path, word: str, second: tuple[str, bytes]) -> None:
    """F701, F702, F704: a duplicate that an operator allows shall be delivered, on a strict stream too."""
    plant = Plant.build(tmp_path / "site", COUNTER)
    plant.drop_confirmation(1)
    plant.run()
    plant.drop(*second)
    plant.run()
    assert plant.states()[second[0]] in (State.FAILED, State.DUPLICATE)
    allow = [word, "record-duplicate"] if word == "conflict" else [word]
    assert again(plant, second[0], *allow) is State.PROCESSED


def test_a_late_file_goes_when_it_is_allowed(tmp_path: Path) -> None:
    """F801: a waived file that comes after all shall fail, and go when an operator allows it."""
    plant = Plant.build(tmp_path / "site", COUNTER)
    for control in (1, 3):
        plant.drop_confirmation(control)
    plant.run()
    with plant.opened() as context:
        sequences.waive(context, "confirmations", "2", "2", WHY)
    plant.run()
    plant.drop_confirmation(2)
    plant.run()
    assert plant.codes(name_of(2)) == ["F801"]
    assert again(plant, name_of(2), "late") is State.PROCESSED


def test_a_file_that_waited_too_long_goes_after_a_waiver(tmp_path: Path) -> None:
    """F803: after the missing number is given up, the file that failed for it shall go."""
    plant = Plant.build(tmp_path / "site", COUNTER)
    for control in (1, 3):
        plant.drop_confirmation(control)
    plant.run()
    plant.clock.advance(hours=2)
    plant.run()
    assert plant.codes(name_of(3)) == ["F803"]
    with plant.opened() as context:
        sequences.waive(context, "confirmations", "2", "2", WHY)
    assert again(plant, name_of(3)) is State.PROCESSED


def test_an_overtaken_file_goes_when_it_is_allowed(tmp_path: Path) -> None:
    """F804: an older file shall go when an operator allows it."""
    policy = "    sequence: {model: timestamp, number_from: name}\n"
    plant = Plant.build(tmp_path / "site", ROUTE + NAMED + policy)
    for number, name in enumerate(("C_20261122080000.csv", "C_20261122070000.csv"), start=1):
        plant.drop(name, confirmation(number))
        plant.run()
    assert plant.codes("C_20261122070000.csv") == ["F804"]
    assert again(plant, "C_20261122070000.csv", "overtaken") is State.PROCESSED


def test_a_broken_chain_goes_on_after_a_reset(tmp_path: Path) -> None:
    """F806: after a reset to the predecessor that the file names, the file shall go."""
    plant = Plant.build(
        tmp_path / "site", ROUTE + NAMED + "    sequence: {model: chain, number_from: name}\n"
    )
    names = ("C_00002_00001.csv", "C_00003_00002.csv", "C_00004_00002.csv")
    for number, name in enumerate(names, start=1):
        plant.drop(name, confirmation(number))
        plant.run()
    assert plant.codes(names[2]) == ["F806"]
    with plant.opened() as context:
        sequences.reset(context, "confirmations", "00002", WHY)
    assert again(plant, names[2]) is State.PROCESSED


@pytest.mark.parametrize("way", ["reset", "allow"])
def test_a_repeated_number_goes_after_a_reset_or_when_it_is_allowed(tmp_path: Path, way: str) -> None:
    """F807: a counter that began anew shall go on after a reset; a repeat shall go when it is allowed."""
    plant = Plant.build(tmp_path / "site", COUNTER)
    for control in (1, 2):
        plant.drop_confirmation(control)
    plant.run()
    name = "CONF_MES01_0000001-anew.csv"
    plant.drop(name, confirmation(1, message_id="CNF-MES01-ANEW", first=7000))
    plant.run()
    assert plant.codes(name) == ["F807"]
    if way == "reset":
        with plant.opened() as context:
            sequences.reset(context, "confirmations", "1", WHY)
    assert again(plant, name, *(["repeated"] if way == "allow" else [])) is State.PROCESSED

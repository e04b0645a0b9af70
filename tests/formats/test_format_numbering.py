"""What a definition says of control numbers and byte order marks holds together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.formats.format_kit import DELIMITED, changed, complaints


def _numbering(sequence: dict[str, Any], **field: Any) -> Any:
    def change(data: dict[str, Any]) -> None:
        data["envelope"]["sequence"] = sequence
        data["records"]["header"]["fields"]["control_number"] = field

    return changed(DELIMITED, change)


@pytest.mark.parametrize(
    ("sequence", "field", "expected"),
    [
        ({"first": 1, "last": 999999}, {"max_length": 6}, []),
        ({"first": 9, "last": 1}, {}, ["envelope.sequence.first: it is greater than `last`"]),
        (
            {"last": 1000},
            {"max_length": 3},
            ["envelope.sequence.last: the control number has room for 3 digits"],
        ),
    ],
)
def test_numbers_run_from_first_to_last_within_their_field(
    tmp_path: Path, sequence: dict[str, Any], field: dict[str, Any], expected: list[str]
) -> None:
    """`formats check` shall complain of numbers that end before they begin, or that have no room."""
    assert complaints(tmp_path, _numbering(sequence, **field)) == expected


def test_numbers_without_a_place_are_a_mistake(tmp_path: Path) -> None:
    """`formats check` shall complain of a numbering where no field and no file name has the number."""

    def change(data: dict[str, Any]) -> None:
        del data["envelope"]["control_number"], data["file_name"]
        data["envelope"]["sequence"] = {"first": 1}

    (found,) = complaints(tmp_path, changed(DELIMITED, change))
    assert "neither envelope nor file name has a control number" in found


def test_a_mark_is_demanded_only_where_there_is_one(tmp_path: Path) -> None:
    """`formats check` shall complain of a byte order mark demanded of a code page."""
    data = changed(DELIMITED, lambda each: each.update(encoding={"charset": "cp1252", "bom": "required"}))
    assert complaints(tmp_path, data) == ["encoding.bom: cp1252 has no byte order mark"]


def test_rounding_means_something_for_decimals_only(tmp_path: Path) -> None:
    """A definition shall not say how text is rounded."""

    def change(data: dict[str, Any]) -> None:
        data["records"]["item"]["fields"]["unit"]["rounding"] = "down"

    assert complaints(tmp_path, changed(DELIMITED, change)) == [
        "records.item.fields.unit.rounding: `rounding` means nothing here"
    ]

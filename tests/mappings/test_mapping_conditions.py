"""A constant under conditions: what the target asks for only of some rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.bundle import bundled
from gateway.errors import MappingInvalid
from gateway.mappings.loading import load_mapping
from tests.mappings.mapping_kit import Kit, converted, errors_of
from tests.pipeline.plant import confirmation

#: What the shipped mapping says of reasons: nothing, so that 1.1 refuses every confirmation with scrap.
SHIPPED = (bundled("formats") / "confirmation/mappings/1.0.0-to-1.1.0.yaml").read_text(encoding="utf-8")


def file_of(*quantities: str) -> bytes:
    """Return a confirmation of layout 1.0 whose rows have these scrap quantities."""
    plain = confirmation(1, layout="1.0", rows=len(quantities)).replace(b";J;;B26-00241;", b";J;")
    header, *rows, trailer = plain.splitlines(keepends=True)
    for number, quantity in enumerate(quantities):
        rows[number] = rows[number].replace(b"000;0;;", f"000;{quantity};;".encode())
    return b"".join((header, *rows, trailer))


def with_reason(kit: Kit, reason: str) -> Path:
    """Write the shipped mapping with one more field, ``reason_code``."""
    text = SHIPPED.replace("\n  trailer:", f"    fields:\n      reason_code: {reason}\n\n  trailer:")
    return kit.map("confirmation", "1.0.0-to-1.1.0", text)


@pytest.fixture
def kit(tmp_path: Path) -> Kit:
    """Return a catalogue with both versions."""
    return Kit.with_shipped(tmp_path, "confirmation/1.0.0", "confirmation/1.1.0")


@pytest.mark.parametrize(
    ("reason", "codes"),
    [
        ('{constant: "0005", when: [{field: scrap_quantity, above: 0}]}', ["", "0005", ""]),
        ('{constant: "0005", when: [{field: scrap_quantity, above: 0}], default: "0001"}',
         ["0001", "0005", "0001"]),
        ('{constant: "0005", when: [{field: scrap_quantity, equals: "2.40"}]}', ["", "0005", ""]),
        ('{constant: "0005", when: [{field: scrap_quantity, present: false}]}', ["", "", "0005"]),
        ('{constant: "0005", when: [{field: scrap_quantity, below: 1}]}', ["0005", "", ""]),
        ('{constant: "0005", when: [{field: header.sender, among: [MES01]}, {field: line_number, above: 1}]}',
         ["", "0005", "0005"]),
    ],
)  # fmt: skip
def test_a_constant_stands_where_its_conditions_hold(kit: Kit, reason: str, codes: list[str]) -> None:
    """A constant with conditions shall be written in the rows where all of them hold, and in no other one."""
    bound = kit.bound(with_reason(kit, reason))
    output, findings = converted(bound, file_of("0", "2,4", ""))
    assert findings == []
    assert [line.split(b";")[22].decode() for line in output.splitlines()[1:-1]] == codes


def test_what_a_plant_asks_of_scrap_can_be_said(kit: Kit) -> None:
    """A mapping shall be able to give rows with scrap the reason that the target demands."""
    bound = kit.bound(with_reason(kit, '{constant: "0005", when: [{field: scrap_quantity, above: 0}]}'))
    output, findings = converted(bound, file_of("0", "2,4", ""))
    assert findings == []
    assert errors_of(bound, output) == []


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("{constant: x, when: [{field: scrap, above: 0}]}", "no such field"),
        ("{constant: x, when: [{field: unit, above: 0}]}", "only a number is above or below another"),
        ("{constant: x, when: [{field: unit, equals: STONES}]}", "the value"),
        ("{constant: x, when: [{field: scrap_quantity, above: much}]}", "the value"),
        ("{constant: x, when: [{field: trailer.nothing, present: true}]}", "no such field"),
    ],
)
def test_a_condition_that_can_never_be_asked_is_found(kit: Kit, reason: str, said: str) -> None:
    """The check shall name a condition whose field or value the source does not have."""
    assert any(said in one for one in kit.problems(with_reason(kit, reason)))


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("{from: text, when: [{field: unit, present: true}]}", "it counts only with `constant`"),
        ("{constant: x, when: []}", "when"),
        ("{constant: x, when: [{field: unit}]}", "when"),
        ("{constant: x, when: [{field: unit, equals: KG, present: true}]}", "when"),
    ],
)
def test_conditions_belong_to_constants(kit: Kit, reason: str, said: str) -> None:
    """Nothing but a constant shall have conditions, each with one test, so that no source value is lost."""
    with pytest.raises(MappingInvalid) as caught:
        load_mapping(with_reason(kit, reason))
    assert any(said in str(problem) for problem in caught.value.problems)


def test_a_field_that_is_only_tested_is_not_used(kit: Kit) -> None:
    """A source field that only a condition looks at shall still be used or dropped with a reason."""
    path = with_reason(kit, "{constant: x, when: [{field: labour_time, above: 0}]}")
    path.write_text(path.read_text(encoding="utf-8").replace("      - labour_time\n", ""), encoding="utf-8")
    assert any("`confirmation.labour_time` is not used" in one for one in kit.problems(path))

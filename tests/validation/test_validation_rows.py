"""Rules between the fields of one record."""

from __future__ import annotations

import pytest

from gateway.formats.definition import Condition, Dialect, FieldType, RecordType, Role, Rule
from gateway.model import Severity
from tests.validation.validation_kit import field, found, make_format, read

ITEM = RecordType(
    "item",
    Role.RECORD,
    (
        field("kind", nullable=True),
        field("start", FieldType.DATE, nullable=True),
        field("end", FieldType.DATE, nullable=True),
        field("scrap", FieldType.DECIMAL, nullable=True),
        field("reason", nullable=True),
    ),
)


def broken(rule: Rule, *rows: str) -> list[tuple[str, int | None, str | None]]:
    """Return code, record and column of each finding."""
    definition = make_format(ITEM, rules=(rule,), dialect=Dialect(decimal_mark=",", date_format="DD.MM.YYYY"))
    reading = read(definition, "".join(f"item;{row}\n" for row in rows))[0]
    return [(finding.code, finding.record, finding.column) for finding in found(reading)]


def test_dates_are_compared_as_dates() -> None:
    """A start after its end is F401, though as text it would come first."""
    rule = Rule("order", "compare", "item", "start is not after end", left="start", op="<=", right="end")
    rows = ("a;31.01.2026;01.02.2026;;", "a;02.02.2026;01.03.2025;;", "a;;01.02.2026;;")
    assert broken(rule, *rows) == [("F401", 2, "start")]


@pytest.mark.parametrize(
    ("op", "wrong"), [("<", [2, 3]), ("<=", [3]), ("==", [1, 3]), ("!=", [2]), (">=", [1]), (">", [1, 2])]
)
def test_numbers_are_compared_exactly(op: str, wrong: list[int]) -> None:
    """9,5 is less than 10,00, and 10,0 equals 10: numbers, not texts, and never floats."""
    rule = Rule("limit", "compare", "item", "scrap and ten", left="scrap", op=op, value="10")
    assert [
        record
        for _, record, _ in broken(rule, "a;;;9,5;", "a;;;10,0;", "a;;;10,000000000000000001;", "a;;;;")
    ] == wrong


@pytest.mark.parametrize(
    ("condition", "wrong"),
    [
        (Condition("kind", equals="S"), [1]),
        (Condition("kind", among=("S", "T")), [1, 2]),
        (Condition("scrap", equals="0.5"), [2]),
        (Condition("scrap", above="0"), [2, 3]),
        (Condition("scrap", below="1"), [1, 2]),
        (Condition("kind", present=False), [3]),
        (Condition("start", equals="2026-01-31"), [2]),
    ],
)
def test_rules_apply_where_their_condition_holds(condition: Condition, wrong: list[int]) -> None:
    """``when`` compares values, not spellings; an empty field is never equal, above or below."""
    rule = Rule("why", "required", "item", "a reason is needed", fields=("reason",), when=(condition,))
    rows = ("S;;;0;", "T;31.01.2026;;0,500;", ";;;2;", "S;;;0;why", "T;31.01.2026;;0,5;why", ";;;9;why")
    assert broken(rule, *rows) == [("F402", record, "reason") for record in wrong]


def test_all_conditions_must_hold() -> None:
    """Two conditions are joined by and."""
    when = (Condition("kind", equals="S"), Condition("scrap", above="0"))
    rule = Rule("why", "required", "item", "a reason is needed", fields=("reason",), when=when)
    assert [record for _, record, _ in broken(rule, "S;;;0;", "S;;;1;", "T;;;1;")] == [2]


def test_forbidden_and_any_of() -> None:
    """A value that must not be there is F403; where all of a group are missing it is F402."""
    forbidden = Rule(
        "no-end", "forbidden", "item", "no end", fields=("end",), when=(Condition("kind", equals="S"),)
    )
    assert broken(forbidden, "S;;01.01.2026;;", "S;;;;", "T;;01.01.2026;;") == [("F403", 1, "end")]
    any_of = Rule("one", "any-of", "item", "kind or reason", fields=("kind", "reason"))
    assert broken(any_of, ";;;;", "S;;;;", ";;;;x") == [("F402", 1, None)]


def test_message_shows_the_rule_and_the_values() -> None:
    """The finding says the rule in the format's own words, and the raw values that break it."""
    rule = Rule(
        "order",
        "compare",
        "item",
        "start is not after end",
        left="start",
        op="<=",
        right="end",
        severity=Severity.WARNING,
    )
    definition = make_format(ITEM, rules=(rule,), dialect=Dialect(date_format="DD.MM.YYYY"))
    (wrong,) = found(read(definition, "item;a;02.02.2026;01.02.2026;;\n")[0])
    assert wrong.message == 'start is not after end (start is "02.02.2026", end is "01.02.2026")'
    assert (wrong.rule, wrong.value, wrong.severity) == ("order", "02.02.2026", Severity.WARNING)


def test_invalid_values_are_not_compared() -> None:
    """A date that does not exist is F305 and nothing else."""
    rule = Rule("order", "compare", "item", "start is not after end", left="start", op="<=", right="end")
    assert broken(rule, "a;31.02.2026;01.02.2026;;") == [("F305", 1, "start")]

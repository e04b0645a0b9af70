"""What one raw text means to one field: refused, no value, or a value that can be compared.

The same decisions as ``validation.values`` takes for whole columns, for one text and without a data
frame: trim, null tokens, the gate of the type, then length, pattern, range, codes and constant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

from gateway.formats.compare.moment_texts import Moment, MomentTexts
from gateway.formats.compare.number_texts import NumberTexts, plain
from gateway.formats.compare.patterns import matches
from gateway.formats.definition import Dialect, Field, FieldType, Kind
from gateway.formats.notation import NUMERIC, TEMPORAL, canonical
from gateway.model import Severity
from gateway.printable import printable

#: What ``trim`` takes off: as validation, not every blank that Unicode knows.
BLANKS = " \t\r\n"
#: Longest text that a sentence shows whole.
_SHOWN = 60

_TRIMMING: dict[str, Callable[[str], str]] = {
    "none": lambda text: text,
    "left": lambda text: text.lstrip(BLANKS),
    "right": lambda text: text.rstrip(BLANKS),
    "both": lambda text: text.strip(BLANKS),
}


@dataclass(frozen=True, slots=True)
class Side:
    """A field with all that decides how its texts are understood."""

    field: Field
    dialect: Dialect
    kind: Kind
    charset: str = "utf-8"  #: what can stand in a file at all

    @property
    def tokens(self) -> tuple[str, ...]:
        """The texts that mean: no value."""
        return self.dialect.null_tokens if self.field.null_tokens is None else self.field.null_tokens

    @property
    def trim(self) -> str:
        """Which blanks are taken off: ``none``, ``left``, ``right`` or ``both``."""
        return self.field.trim or self.dialect.trim

    @property
    def strict(self) -> bool:
        """Whether a wrong value refuses the file."""
        return self.field.severity is Severity.ERROR

    @property
    def numbers(self) -> NumberTexts:
        """How numbers are written."""
        return NumberTexts.of(self.field, self.dialect)

    @property
    def moments(self) -> MomentTexts:
        """How dates and times are written."""
        return MomentTexts.of(self.field, self.dialect)

    def text(self, raw: str) -> str:
        """Return ``raw`` without the blanks that are taken off."""
        return _TRIMMING[self.trim](raw)


@dataclass(frozen=True, slots=True)
class Refused:
    """The text makes the file wrong; ``codes`` are all findings, the first one as ``code``."""

    codes: tuple[str, ...]
    why: str  #: a sentence that names the text

    @property
    def code(self) -> str:
        """The code of the first finding, such as ``F302``."""
        return self.codes[0]


@dataclass(frozen=True, slots=True)
class Null:
    """The text means: no value."""


@dataclass(frozen=True, slots=True)
class Value:
    """What the text stands for. Two values are the same if all their parts are (`same`)."""

    sort: str  #: ``text``, ``number``, ``boolean``, ``date``, ``time``, ``local``, ``instant`` or ``unread``
    value: str | Decimal | int | bool
    shown: str  #: for people
    unit: str | None = None
    unit_field: str | None = None
    zone: str | None = None  #: of a time of day


Meaning = Refused | Null | Value


def meaning(side: Side, raw: str | None) -> Meaning:
    """Return what ``raw`` means to the field of ``side``; ``raw`` is None where the field is absent.

    A field whose findings are warnings refuses nothing: what it cannot read is of the sort ``unread``.
    """
    text = None if raw is None else side.text(raw)
    if text is None or text in side.tokens:
        return _missing(side, raw)
    value = _value(side, text)
    complaints = list(_complaints(side, text, value)) if side.strict else []
    if complaints:
        shown = quoted(text)
        why = "; it ".join(said for _code, said in complaints)
        return Refused(tuple(code for code, _said in complaints), f"{shown} {why}.")
    return value or _with_unit(side, "unread", text, text)


def same(one: Meaning, other: Meaning) -> bool | None:
    """Return whether two accepted texts mean the same; None where only a person can tell.

    A number and a text are the same where the text is the number as it is plainly written: "42" is, and
    "0042" is not. Units that differ in capitals alone, or of which one is not declared, are undecided.
    """
    if isinstance(one, Refused) or isinstance(other, Refused):
        raise ValueError("a refused text has no meaning to compare")
    if isinstance(one, Null) or isinstance(other, Null):
        return isinstance(one, Null) and isinstance(other, Null)
    alike = _same_value(one, other)
    return alike if alike is False else _both(alike, _same_unit(one, other))


def literal(side: Side, written: str) -> Value | None:
    """Return a bound, constant or default of the definition as a value; None where it is none."""
    try:
        known = canonical(side.field.type, written)
    except ValueError:  # the definition's own check complains of it
        return None
    if isinstance(known, date | time):
        return _of_moment(side, side.moments.literal(known))
    if isinstance(known, int | Decimal):
        return _with_unit(side, "number", Decimal(known), plain(Decimal(known)))
    if side.field.type is FieldType.BOOLEAN:
        return _with_unit(side, "boolean", known == "true", known)
    return _with_unit(side, "text", known, known)


def quoted(text: str) -> str:
    """Return ``text`` as sentences show it: in backticks, printable, cut where it is long."""
    if not text:
        return "The empty text"
    if text.strip(BLANKS) == "":
        return f"A text of {len(text)} blanks" if len(text) > 1 else "A single blank"
    shown = printable(text)
    return f"`{shown}`" if len(shown) <= _SHOWN else f"`{shown[:_SHOWN]}...`"


def _missing(side: Side, raw: str | None) -> Meaning:
    field = side.field
    if side.strict and raw is None and field.required:
        return Refused(("F312",), "The field is not there, and it is required.")
    if field.default is not None:
        return literal(side, field.default) or _with_unit(side, "unread", field.default, field.default)
    if side.strict and raw is not None and not field.nullable:
        return Refused(("F301",), f"{quoted(raw)} means no value, and a value is needed.")
    return Null()


def _value(side: Side, text: str) -> Value | None:
    """Return the value of a text that is not a null token; None where it is not one of the type."""
    kind = side.field.type
    if kind in NUMERIC:
        number = side.numbers.read(text)
        return None if number is None else _with_unit(side, "number", number, plain(number))
    if kind in TEMPORAL:
        moment = side.moments.read(text)
        return None if moment is None else _of_moment(side, moment)
    if kind is FieldType.BOOLEAN:
        true = text in side.dialect.true_tokens
        if not true and text not in side.dialect.false_tokens:
            return None
        return _with_unit(side, "boolean", true, "true" if true else "false")
    return _with_unit(side, "text", text, text)


def _of_moment(side: Side, moment: Moment) -> Value:
    field = side.field
    return Value(moment.sort, moment.number, moment.shown, field.unit, field.unit_field, moment.zone)


def _with_unit(side: Side, sort: str, value: str | Decimal | bool, shown: str) -> Value:
    return Value(sort, value, shown, side.field.unit, side.field.unit_field)


def _complaints(side: Side, text: str, value: Value | None) -> Iterator[tuple[str, str]]:
    if value is None:
        yield _gate(side, text)
        return
    field = side.field
    if len(text) < (field.min_length or 0):
        yield "F307", f"has {_characters(len(text))}; at least {field.min_length} are needed"
    if field.max_length is not None and len(text) > field.max_length:
        yield "F307", f"has {_characters(len(text))}; at most {field.max_length} are accepted"
    if field.pattern is not None and not matches(field.pattern, text):
        yield "F308", f"does not have the shape `{field.pattern}`"
    if not in_range(side, value):
        yield "F309", f"is not {_span(field)}"
    if field.codes and text not in field.codes:
        yield "F310", "is not in the list of codes"
    if field.constant is not None and text != field.constant:
        yield "F311", f"is not the constant `{printable(field.constant)}`"


def _gate(side: Side, text: str) -> tuple[str, str]:
    kind = side.field.type
    if kind in NUMERIC:
        return side.numbers.complaint(text) or ("F302", "is not a number")
    if kind in TEMPORAL:
        return "F305", f"is not a {kind.value} written {side.moments.format}"
    words = " or ".join(f"`{word}`" for word in (*side.dialect.true_tokens, *side.dialect.false_tokens))
    return "F306", f"is none of the words {words}"


def in_range(side: Side, value: Value) -> bool:
    """Return whether ``value`` lies between the field's bounds."""
    least, most = side.field.minimum, side.field.maximum
    low = None if least is None else literal(side, least)
    high = None if most is None else literal(side, most)
    return (low is None or not _below(value, low)) and (high is None or not _below(high, value))


def _below(one: Value, other: Value) -> bool:
    """Return whether ``one`` is less; values of one field, so they are of one sort, or both moments."""
    return one.value < other.value  # type: ignore[operator] # both of the field's type


def _span(field: Field) -> str:
    if field.minimum is None or field.maximum is None:
        return f"at least {field.minimum}" if field.maximum is None else f"at most {field.maximum}"
    return f"from {field.minimum} to {field.maximum}"


def _characters(number: int) -> str:
    return "1 character" if number == 1 else f"{number} characters"


def _same_value(one: Value, other: Value) -> bool | None:
    if one.sort == other.sort:
        return _same_zone(one, other) if one.value == other.value else False
    sorts = {one.sort, other.sort}
    if sorts == {"text", "number"}:
        return one.shown == other.shown
    if "text" in sorts and "unread" not in sorts and one.shown == other.shown:
        return True
    # A date kept as text, or a clock reading that has a zone now: whether that is another meaning
    # depends on what was agreed, not on the text. A number and a date are never the same.
    undecided = sorts == {"local", "instant"} or bool(sorts & {"text", "unread"})
    return None if undecided else False


def _same_zone(one: Value, other: Value) -> bool | None:
    if one.zone == other.zone:
        return True
    return None if one.zone is None or other.zone is None else False


def _same_unit(one: Value, other: Value) -> bool | None:
    if (one.unit, one.unit_field) == (other.unit, other.unit_field):
        return True
    if one.unit is None or other.unit is None or one.unit.casefold() == other.unit.casefold():
        return None
    return False


def _both(one: bool | None, other: bool | None) -> bool | None:
    if one is False or other is False:
        return False
    return True if one and other else None

"""One field of one record: from raw text to value, and the questions asked on the way.

Text is trimmed and null tokens become null; then the type's notation is the gate, on the
text, before anything is cast; then length, pattern, range, codes and constant. A value that
does not pass its gate is not asked further questions: it would only be called wrong twice.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

import polars as pl

from gateway.errors import FormatError
from gateway.formats import notation
from gateway.formats.definition import Dialect, Field, FieldType
from gateway.formats.notation import DECIMAL_DIGITS, WHOLE_DIGITS
from gateway.validation.columns import NUMBER, raw, raw_name, text, value, value_name
from gateway.validation.moments import MomentNotation
from gateway.validation.numbers import NumberNotation
from gateway.validation.verdicts import Row, Verdict, Wrong, quoted

#: What ``trim`` takes off. Not every blank that Unicode knows: a no-break space is content.
_BLANKS = " \t\r\n"
_TRIMMING: dict[str, Callable[[pl.Expr, str], pl.Expr]] = {
    "left": lambda column, blanks: column.str.strip_chars_start(blanks),
    "right": lambda column, blanks: column.str.strip_chars_end(blanks),
    "both": lambda column, blanks: column.str.strip_chars(blanks),
}
#: Codes that a message lists; the rest is in the format.
_LISTED_CODES = 8

Words = Callable[[Row], str]


def raw_columns(field: Field) -> pl.Expr:
    """Return the expression that keeps the raw text of ``field`` beside what is made of it."""
    return pl.col(field.name).alias(raw_name(field.name))


@dataclass(frozen=True, slots=True)
class Trimming:
    """How the text of a field is trimmed: the same either way, and fast the one way or the other."""

    name: str
    at_once: pl.Expr
    spaces_first: pl.Expr  #: many spaces go faster by themselves, and little else is left


def trimming(field: Field, dialect: Dialect) -> Trimming | None:
    """Return how ``field`` is trimmed; None where it is taken as it stands."""
    trim = _TRIMMING.get(field.trim or dialect.trim)
    if trim is None:
        return None
    column = pl.col(field.name)
    return Trimming(field.name, trim(column, _BLANKS), trim(trim(column, " "), _BLANKS))


def content(field: Field, dialect: Dialect) -> pl.Expr | None:
    """Return the expression for the trimmed text of ``field`` where null tokens are null; None: as it is."""
    tokens = dialect.null_tokens if field.null_tokens is None else field.null_tokens
    if not tokens:
        return None
    trimmed = text(field.name)
    has_content = trimmed != tokens[0] if len(tokens) == 1 else ~trimmed.is_in(list(tokens))
    return pl.when(has_content).then(trimmed).alias(field.name)


def value_column(field: Field, dialect: Dialect) -> pl.Expr:
    """Return the expression for the value of ``field``, made from its text; the default fills gaps."""
    source = text(field.name)
    if field.type in notation.NUMERIC:
        result = NumberNotation.of(field, dialect).value(source)
    elif field.type in notation.TEMPORAL:
        result = MomentNotation.of(field, dialect).value(source)
    elif field.type is FieldType.BOOLEAN:
        result = pl.when(source.is_in(list(dialect.true_tokens))).then(True)
        result = result.when(source.is_in(list(dialect.false_tokens))).then(False)
    else:
        result = source
    if field.default is not None:
        result = pl.when(source.is_null()).then(literal(field, dialect, field.default)).otherwise(result)
    return result.alias(value_name(field))


def literal(field: Field, dialect: Dialect, canonical: str) -> pl.Expr:
    """Return a bound or constant of the definition as a value of the field's type.

    Raises FormatError where ``canonical`` is not one.
    """
    try:
        known = notation.canonical(field.type, canonical)
    except ValueError as error:
        raise FormatError(
            f"{canonical!r} is not a {field.type.value}", where=field.name, cause=error
        ) from error
    if isinstance(known, date | time):
        return MomentNotation.of(field, dialect).literal(known)
    if isinstance(known, int | Decimal):
        return pl.lit(Decimal(known), dtype=NUMBER)
    return pl.lit(known == "true") if field.type is FieldType.BOOLEAN else pl.lit(known)


def verdicts(field: Field, dialect: Dialect) -> Iterator[Verdict]:
    """Yield the questions to ask of ``field``, in the order in which they are reported."""
    yield from _presence(field)
    if field.type in notation.NUMERIC:
        yield _number(field, NumberNotation.of(field, dialect))
    elif field.type in notation.TEMPORAL:
        allowed = (
            f"a {field.type.value} is written {MomentNotation.of(field, dialect).format}, and it must exist"
        )
        yield _gate(field, "F305", field.type.value, allowed)
    elif field.type is FieldType.BOOLEAN:
        tokens = " or ".join(f'"{token}"' for token in (*dialect.true_tokens, *dialect.false_tokens))
        yield _gate(field, "F306", "boolean", f"allowed are {tokens}")
    yield from _limits(field, dialect)


def _presence(field: Field) -> Iterator[Verdict]:
    absent = raw(field.name).is_null()
    empty = raw(field.name).is_not_null() & text(field.name).is_null()
    wrongs = []
    if field.required:
        wrongs.append(
            _wrong(field, "F312", "required", absent, f"{field.name} is not there, and it is required")
        )
    if not field.nullable and field.default is None:
        wrongs.append(
            _wrong(field, "F301", "nullable", empty, f"{field.name} is empty, and it needs a value")
        )
    if len(wrongs) == 2:
        yield Verdict(field.name, "value", None, tuple(wrongs))
    elif wrongs:
        yield Verdict(field.name, "value", ~wrongs[0].failed, tuple(wrongs))


def _number(field: Field, written: NumberNotation) -> Verdict:
    source = text(field.name)
    is_number = written.is_number(source)
    fits = written.fits_decimals(source)
    unfit = value(field).is_null() & source.is_not_null()
    kind = "a whole number" if field.type is FieldType.INTEGER else "a number"
    decimals = f"at most {written.most_decimals} decimals are allowed"
    if written.most_decimals == 0:
        decimals = "no decimals are allowed"
    wrongs = [
        _value_wrong(field, "F302", "number", unfit & ~is_number, f"this is not {kind} {_notation(written)}"),
        _value_wrong(field, "F303", "decimals", unfit & is_number & ~fits, decimals),
    ]
    rest = unfit & fits
    if written.digits is not None:
        most = written.significant_digits(source) > written.digits
        wrongs.append(
            _value_wrong(field, "F304", "digits", rest & most, f"at most {written.digits} digits are allowed")
        )
        rest &= ~most
    room = f"at most {WHOLE_DIGITS} digits before the mark and {DECIMAL_DIGITS} after it can be computed with"
    wrongs.append(_value_wrong(field, "F304", "digits", rest, room))
    return Verdict(field.name, "number", ~unfit, tuple(wrongs))


def _notation(written: NumberNotation) -> str:
    signs = {"leading": "", "trailing": ", its sign behind it", "none": ", without a sign"}[written.sign]
    grouped = f', thousands mark "{written.thousands}"' if written.thousands else ""
    mark = "" if written.whole else f'with decimal mark "{written.mark}"'
    return (mark + grouped + signs).strip(", ") or "in plain digits"


def _gate(field: Field, code: str, rule: str, allowed: str) -> Verdict:
    unfit = value(field).is_null() & text(field.name).is_not_null()
    return Verdict(field.name, rule, ~unfit, (_value_wrong(field, code, rule, unfit, allowed),))


def _limits(field: Field, dialect: Dialect) -> Iterator[Verdict]:
    source = text(field.name)
    if field.min_length is not None or field.max_length is not None:
        size = source.str.len_chars()
        least, most = field.min_length or 0, field.max_length
        fits = size >= least if most is None else size.is_between(least, most)
        yield _limit(field, "F307", "length", fits, _span(least, most, "characters"))
    if field.pattern is not None:
        allowed = f"the whole value must have the shape {field.pattern}"
        yield _limit(field, "F308", "pattern", source.str.contains(_whole(field)), allowed)
    if field.minimum is not None or field.maximum is not None:
        yield _limit(
            field, "F309", "range", _in_range(field, dialect), _span(field.minimum, field.maximum, "")
        )
    if field.codes:
        listed = ", ".join(list(field.codes)[:_LISTED_CODES])
        more = f" and {len(field.codes) - _LISTED_CODES} more" if len(field.codes) > _LISTED_CODES else ""
        yield _limit(field, "F310", "codes", source.is_in(list(field.codes)), f"allowed are {listed}{more}")
    if field.constant is not None:
        yield _limit(field, "F311", "constant", source == field.constant, f'it must be "{field.constant}"')


def _in_range(field: Field, dialect: Dialect) -> pl.Expr:
    fits = pl.lit(True)
    if field.minimum is not None:
        fits &= value(field) >= literal(field, dialect, field.minimum)
    if field.maximum is not None:
        fits &= value(field) <= literal(field, dialect, field.maximum)
    return fits


def _span(least: object, most: object, unit: str) -> str:
    """Return both bounds, or the one there is, in words."""
    if most is None:
        text_ = f"at least {least} {unit}"
    elif least in (None, 0):
        text_ = f"at most {most} {unit}"
    else:
        text_ = f"from {least} to {most} {unit}"
    return f"{text_.strip()} is allowed" if not unit else f"{text_} are allowed"


def _whole(field: Field) -> str:
    """Return the field's pattern for the whole value; FormatError where it does not compile."""
    pattern = rf"\A(?:{field.pattern})\z"
    try:
        pl.Series([""]).str.contains(pattern)
    except pl.exceptions.PolarsError as error:
        raise FormatError(
            f"the pattern {field.pattern!r} cannot be used", where=field.name, cause=error
        ) from error
    return pattern


def _limit(field: Field, code: str, rule: str, fits: pl.Expr, allowed: str) -> Verdict:
    """Return the question whether a value ``fits``: null where there is none, not asked of an invalid one."""
    valid = text(field.name).is_not_null() & value(field).is_not_null()
    failed = (valid & ~fits).fill_null(False)
    return Verdict(field.name, rule, fits, (_value_wrong(field, code, rule, failed, allowed),))


def _value_wrong(field: Field, code: str, rule: str, failed: pl.Expr, allowed: str) -> Wrong:
    return Wrong(
        code,
        rule,
        field.name,
        failed,
        functools.partial(_is_but, field.name, allowed),
        (field.name,),
        field.severity,
    )


def _wrong(field: Field, code: str, rule: str, failed: pl.Expr, message: str) -> Wrong:
    return Wrong(code, rule, field.name, failed, lambda _row: message, (field.name,), field.severity)


def _is_but(name: str, allowed: str, row: Row) -> str:
    return f"{name} is {quoted(row[name])}: {allowed}"

"""Does one field take every text of another, and with the same meaning?

``ok`` rests on a proof (`proofs.gaps` finds nothing open), ``breaking`` and ``silent`` on a text that
shows it (each one tried on both fields), and everything else is for a person to review.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.formats.compare.change import Verdict
from gateway.formats.compare.proofs import Gap, gaps
from gateway.formats.compare.samples import blanks, distinct, placed, samples, stands, texts
from gateway.formats.compare.values import Meaning, Null, Refused, Side, Value, meaning, quoted, same
from gateway.formats.notation import TEMPORAL

#: Samples that are tried with blanks around them.
_FEW = 12
#: The longest text that is made.
_LONGEST = 1_000_001
#: Texts tried before a search for a second harm ends.
_ENOUGH = 60


@dataclass(frozen=True, slots=True)
class ValueJudgement:
    """A verdict about all texts of a field, with the text that proves it."""

    verdict: Verdict
    text: str | None  #: raw, valid for the writer; None for ``ok`` and ``review``
    why: str


def judge_values(writer: Side, reader: Side, whole: Side | None = None) -> ValueJudgement:
    """Return whether every raw text valid for ``writer`` is accepted by ``reader`` with the same meaning.

    ``whole`` is the reader version's real field where ``reader`` differs from the writer in one aspect
    only: a text that proves something is refused, or read otherwise, by it as well.
    """
    open_questions = list(gaps(writer, reader))
    if not open_questions:
        why = "Every value that is valid for the one version is accepted by the other and means the same."
        return ValueJudgement(Verdict.OK, None, why)
    tried = _Tried()
    for raw in distinct(_candidates(writer, reader, open_questions)):
        if stands(writer, raw):
            tried.take(raw, meaning(writer, raw), meaning(reader, raw), whole)
            if tried.settled:
                break
    return tried.judgement(open_questions)


@dataclass(slots=True)
class _Tried:
    """The first text of each outcome, with the sentence that says what it shows."""

    refused: tuple[str, str] | None = None
    different: tuple[str, str] | None = None
    undecided: tuple[str, str] | None = None
    healed: tuple[str, str] | None = None  #: refused by this aspect, accepted by the whole field
    count: int = 0  #: how many texts were tried

    @property
    def settled(self) -> bool:
        """Whether further texts are not worth their time."""
        return self.refused is not None and (self.different is not None or self.count > _ENOUGH)

    def take(self, raw: str, theirs: Meaning, ours: Meaning, whole: Side | None) -> None:
        """Note what ``raw`` shows."""
        if isinstance(theirs, Refused):
            return
        self.count += 1
        real = ours if whole is None else meaning(whole, raw)
        if isinstance(ours, Refused):
            if isinstance(real, Refused):
                self.refused = self.refused or (raw, ours.why)
            else:
                self.healed = self.healed or (raw, ours.why)
            return
        alike = same(theirs, ours)
        if alike is False and not isinstance(real, Refused) and same(theirs, real) is False:
            self.different = self.different or (raw, _differently(raw, theirs, ours))
        elif not alike:
            self.undecided = self.undecided or (raw, _differently(raw, theirs, ours))

    def judgement(self, open_questions: list[Gap]) -> ValueJudgement:
        """Return the verdict: refused before different before undecided."""
        if self.refused is not None:
            also = f" Other values are read differently: {self.different[1]}" if self.different else ""
            return ValueJudgement(Verdict.BREAKING, self.refused[0], self.refused[1] + also)
        if self.different is not None:
            return ValueJudgement(Verdict.SILENT, *self.different)
        if self.healed is not None:
            why = f"{self.healed[1]} The other changes of the field accept it."
        elif self.undecided is not None:
            why = f"{self.undecided[1]} Whether that is the same, a person has to decide."
        else:
            why = f"It could not be proved that every value {open_questions[0].question}; "
            why += f"none of {self.count} values that were tried shows the contrary."
        return ValueJudgement(Verdict.REVIEW, None, why)


def _candidates(writer: Side, reader: Side, open_questions: Iterable[Gap]) -> Iterator[str]:
    """Yield raw texts that may show a difference, the most telling first."""
    shown = [placed(writer, gap.text) or gap.text for gap in open_questions if gap.text is not None]
    if writer.field.type not in TEMPORAL:  # a set of dates has the year 1111 first
        yield from shown
    least, most = reader.field.minimum, reader.field.maximum
    beyond = dataclasses.replace(writer.field, minimum=least, maximum=most)
    for text in itertools.islice(texts(dataclasses.replace(writer, field=beyond)), _ENOUGH):
        yield placed(writer, text) or text
    if reader.field.max_length is not None:
        yield "A" * min(reader.field.max_length + 1, _LONGEST)
    yield from samples(writer)
    for side in (reader, writer):
        for text in (*side.field.codes, *side.tokens, *side.dialect.true_tokens, *side.dialect.false_tokens):
            yield placed(writer, text) or text
    if writer.trim != reader.trim:
        for text in (*itertools.islice(texts(writer), _FEW), *writer.tokens):
            yield from blanks(writer, text)
    yield from (*shown, *samples(reader))


def _differently(raw: str, theirs: Null | Value, ours: Null | Value) -> str:
    return f"{quoted(raw)} is written as {_said(theirs, ours)} and read as {_said(ours, theirs)}."


def _said(one: Null | Value, other: Null | Value) -> str:
    """Return what a text means in words, with all in which it differs from the other meaning."""
    if isinstance(one, Null):
        return "no value"
    words = f"{_SORTS[one.sort]} {one.shown}" if one.sort in _SORTS else f'the text "{one.shown}"'
    if isinstance(other, Value) and (one.unit, one.unit_field) != (other.unit, other.unit_field):
        words += f" {one.unit}" if one.unit else ""
        words += f" in the unit of {one.unit_field}" if one.unit_field else ""
        words += "" if one.unit or one.unit_field else " without a unit"
    if isinstance(other, Value) and one.zone != other.zone:
        words += f" in {one.zone}" if one.zone else " without a zone"
    return words


_SORTS = {
    "number": "the number",
    "boolean": "the truth value",
    "date": "the date",
    "time": "the time",
    "local": "the clock reading",
    "instant": "the instant",
}

"""Does one field take every text of another, and with the same meaning?"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.formats.compare.change import Verdict
from gateway.formats.compare.values import Side


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
    if (writer, whole or reader) == (reader, reader):
        return ValueJudgement(Verdict.OK, None, "Both versions read the field alike.")
    return ValueJudgement(Verdict.REVIEW, None, "It could not be decided whether all values are accepted.")

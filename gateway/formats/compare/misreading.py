"""What a reader's field finds in rows where another text was meant, or nothing: one verdict of many rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.formats.compare.change import Judgement, Verdict
from gateway.formats.compare.rule_rows import allowed
from gateway.formats.compare.views import review

if TYPE_CHECKING:
    from gateway.formats.compare.layout import Rows
    from gateway.formats.definition import Field

#: Rows that are asked for one that the writer's rules allow.
_ASKED = 12
#: What misread rows can show, the most telling first: a verdict, and whether it is the field's own.
_TELLING = ((Verdict.BREAKING, True), (Verdict.SILENT, True), (Verdict.BREAKING, False),
            (Verdict.REVIEW, True), (Verdict.REVIEW, False))  # fmt: skip


def misread(rows: Rows, field: Field, written: Field | None) -> Judgement:
    """Judge what the reader's ``field`` finds where ``written`` was meant: refused before different.

    A row that the writer's own rules refuse shows nothing; then the next one is asked.
    """
    outcomes: dict[tuple[Verdict, bool], Judgement] = {}
    asked = 0
    for shows, own in rows.misread(field, written):
        harmful = shows.verdict is Verdict.BREAKING
        asked += harmful
        found = allowed(rows.view, rows.writer, shows) if harmful else shows
        outcomes.setdefault((found.verdict, own), found)
        if (found.verdict, own) == _TELLING[0] or asked == _ASKED:
            break
    undecided = review(f"What {rows.view.ours} finds for `{field.name}` could not be decided.")
    return next((outcomes[one] for one in _TELLING if one in outcomes), undecided)

"""A comparison as text for a terminal: the verdict first, then the changes, the worst first."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from gateway.formats.compare.change import Comparison, Direction, Verdict
from gateway.formats.compare.kinds import KINDS
from gateway.formats.compare.reports.subject import MEANINGS, READINGS, Entry, Report
from gateway.formats.compare.reports.words import (
    approval,
    asked,
    counted,
    from_to,
    heading,
    sentence,
    unread,
    verdict_line,
    witness,
)
from gateway.printable import printable

#: More changes than these are summed up, unless every one is asked for.
SUMMED_UP = 40
WIDTH = 100

#: Gives a text its look: ``title``, or the name of a verdict. The plain one changes nothing.
Paint = Callable[[str, str], str]


def plain(text: str, _style: str) -> str:
    """Return ``text`` as it is."""
    return text


def render(report: Report, *, detail: bool | None = None, width: int = WIDTH, paint: Paint = plain) -> str:
    """Return the report as lines of at most ``width`` columns, ending in a newline.

    ``detail`` says whether every change is shown; None: only where they are few. ``paint`` is told
    each line's look and returns it as it is to be printed.
    """
    full = report.total <= SUMMED_UP if detail is None else detail
    lines: list[tuple[str, str]] = []
    if len(report.comparisons) != 1:
        lines += _overview(report)
    lines += [(unread(one), "breaking") for one in report.unread]
    lines += [("", "")] if report.unread else []
    for index, comparison in enumerate(report.comparisons):
        if comparison.changes or len(report.comparisons) == 1:
            lines += _comparison(report, comparison, report.summaries.get(index, ()), full)
    said = asked(report)
    lines += [("", ""), (said, "breaking" if report.failing() else "ok")] if said else []
    return "\n".join(_laid_out(lines, width, paint)) + "\n"


Styled = tuple[str, str]


def _overview(report: Report) -> Iterator[Styled]:
    """Yield what differs among many versions: one line each that changed."""
    changed = [one for one in report.comparisons if one.changes]
    count = len(report.comparisons)
    nothing = "Nothing else differs." if report.unread else "Nothing differs."
    yield (f"{len(changed):,} of {count:,} comparisons differ" if count else nothing), "title"
    for one in changed:
        worst = max(one.worst(direction) for direction in report.judged)
        yield f"  {worst.value:<9} {heading(one)}", worst.value
    yield "", ""


def _comparison(
    report: Report, comparison: Comparison, summary: Sequence[str], full: bool
) -> Iterator[Styled]:
    yield heading(comparison), "title"
    yield f"  old: SHA-256 {comparison.old_digest or '(unknown)'}", ""
    yield f"  new: SHA-256 {comparison.new_digest or '(unknown)'}", ""
    yield "", ""
    for direction in Direction:
        yield verdict_line(comparison, direction), comparison.worst(direction).value
    yield from ((f"  {line}", "") for line in summary)
    if not comparison.changes:
        yield "", ""
        yield "Nothing changed.", "ok"
    elif full:
        for verdict, entries in report.grouped(comparison):
            yield from _group(report, verdict, entries)
    else:
        yield from _summed_up(comparison)
    yield "", ""


def _group(report: Report, verdict: Verdict, entries: Sequence[Entry]) -> Iterator[Styled]:
    ways = " or ".join(READINGS[direction] for direction in report.judged)
    yield "", ""
    yield f"{verdict.value.upper()} ({len(entries):,}), {ways}: {MEANINGS[verdict]}", verdict.value
    for entry in entries:
        yield "", ""
        yield from _entry(entry)


def _entry(entry: Entry) -> Iterator[Styled]:
    change = entry.change
    yield f"  {change.code} {change.kind}  {change.path}", "title"
    yield f"    {entry.title}: {from_to(change)}", ""
    for direction, judgement in entry.judgements():
        label = f"    {direction.value}: {judgement.verdict.value:<9}"
        yield f"{label} {sentence(judgement.why)}", judgement.verdict.value
        one = entry.witnesses.get(direction)
        if one:
            yield f"      witness: {witness(one)}", "" if one.confirmed else "review"
            yield from ((f"        | {line}", "") for line in one.excerpt)
    yield f"    fingerprint: {entry.fingerprint}", ""
    if entry.approved:
        yield f"    {approval(entry)}", "ok"


def _summed_up(comparison: Comparison) -> Iterator[Styled]:
    """Yield one line for each kind of change, the worst first."""
    kinds = Counter(change.kind for change in comparison.changes)
    worst = {kind: max(one.worst for one in comparison.changes if one.kind == kind) for kind in kinds}
    yield "", ""
    yield f"{'changes':>9}  kind", "title"
    for kind in sorted(kinds, key=lambda name: (_badness(worst[name]), KINDS[name].code)):
        mine = [one for one in comparison.changes if one.kind == kind]
        part = Comparison("", "", "", "", "", tuple(mine))
        ways = "; ".join(f"{way.value}: {counted(part, way)}" for way in Direction)
        yield f"{kinds[kind]:>9,}  {KINDS[kind].code} {kind}  ({ways})", worst[kind].value
    yield "", ""
    yield f"{len(comparison.changes):,} changes; --detail shows each of them.", ""


def _badness(verdict: Verdict) -> int:
    return sorted(Verdict, reverse=True).index(verdict)


def _laid_out(lines: Iterable[Styled], width: int, paint: Paint) -> Iterator[str]:
    """Yield the lines wrapped below their own indentation, and painted."""
    blank = True
    for text, style in lines:
        line = printable(text)
        if not line and blank:
            continue  # never two blank lines
        blank = not line
        for part in _wrapped(line, width):
            yield paint(part, style) if style else part


def _wrapped(line: str, width: int) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    if len(line) <= width:
        return [line]
    if line.lstrip().startswith("| "):  # what stands in a file is cut, never laid out anew
        start = len(indent) - 2
        room = width - start
        rest = (line[at : at + room] for at in range(width, len(line), room))
        return [line[:width], *(indent[:start] + part for part in rest)]
    return textwrap.wrap(
        line, width, subsequent_indent=indent, break_on_hyphens=False, replace_whitespace=False
    )

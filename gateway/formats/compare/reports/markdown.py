"""A comparison as Markdown, for a change record: versions, digests, verdicts, every change.

Nothing of it depends on the time or the machine. What came from a definition or a file stands
escaped or in code spans: it can neither end a table nor become markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gateway.formats.compare.change import Comparison, Direction, Verdict
from gateway.formats.compare.reports.subject import MEANINGS, READINGS, Entry, Report
from gateway.formats.compare.reports.words import (
    NOTHING,
    approval,
    asked,
    segments,
    sentence,
    shown,
    unread,
    versions,
    witness,
)

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|&~])")
_VERDICTS = sorted(Verdict, reverse=True)


def render(report: Report) -> str:
    """Return the report as GitHub-flavoured Markdown, ending in a newline."""
    lines = [f"Made by gateway {escaped(report.gateway)}.", ""]
    said = asked(report)
    lines += [f"**{escaped(said)}.**", ""] if said else []
    if len(report.comparisons) != 1:
        lines += [*_overview(report), ""]
    for one in report.unread:
        lines += [f"**{escaped(unread(one))}**", ""]
    for index, comparison in enumerate(report.comparisons):
        if comparison.changes or len(report.comparisons) == 1:
            lines += _comparison(report, comparison, report.summaries.get(index, ()))
    return "\n".join(lines).rstrip() + "\n"


def _overview(report: Report) -> Iterator[str]:
    changed = [one for one in report.comparisons if one.changes]
    count = len(report.comparisons)
    yield f"# {len(changed):,} of {count:,} comparisons differ" if count else "# Nothing differs"
    if changed:
        yield ""
        yield from _verdict_head("comparison")
    for one in changed:
        for direction in Direction:
            yield _verdict_row(f"{_heading(one)}, {READINGS[direction]}", one, direction)


def _heading(comparison: Comparison) -> str:
    return " to ".join(escaped(name) for name in versions(comparison, Direction.OLD_UNDER_NEW))


def _verdict_head(first: str) -> Iterator[str]:
    yield f"| {first} | {' | '.join(verdict.value for verdict in _VERDICTS)} |"
    yield f"|---|{'---:|' * len(_VERDICTS)}"


def _verdict_row(first: str, comparison: Comparison, direction: Direction) -> str:
    counts = comparison.counts(direction)
    return f"| {first} | {' | '.join(f'{counts[verdict]:,}' for verdict in _VERDICTS)} |"


def _comparison(report: Report, comparison: Comparison, summary: Sequence[str]) -> Iterator[str]:
    yield from (f"# {_heading(comparison)}", "")
    yield from ("| version | | SHA-256 |", "|---|---|---|")
    yield f"| old | {escaped(comparison.old or NOTHING)} | {code(comparison.old_digest or '(unknown)')} |"
    yield f"| new | {escaped(comparison.new or NOTHING)} | {code(comparison.new_digest or '(unknown)')} |"
    yield ""
    yield from _verdict_head("verdicts")
    for direction in Direction:
        yield _verdict_row(READINGS[direction], comparison, direction)
    yield ""
    if summary:
        yield from (*(f"- {escaped(line)}" for line in summary), "")
    if not comparison.changes:
        yield from ("Nothing changed.", "")
    for verdict, entries in report.grouped(comparison):
        ways = " or ".join(READINGS[direction] for direction in report.judged)
        yield from (f"## {verdict.value.capitalize()} ({len(entries):,})", "")
        yield from (f"{ways.capitalize()}: {MEANINGS[verdict]}.", "")
        for entry in entries:
            yield from (*_entry(entry), "")


def _entry(entry: Entry) -> Iterator[str]:
    change = entry.change
    yield from (f"### {change.code} {change.kind}: {code(change.path)}", "")
    yield f"- {entry.title}: {value(change.old)} to {value(change.new)}"
    for direction, judgement in entry.judgements():
        yield f"- {READINGS[direction].capitalize()}: **{judgement.verdict.value}**. {prose(judgement.why)}"
        one = entry.witnesses.get(direction)
        if one:
            yield f"  - Witness: {escaped(sentence(witness(one)))}"
            yield from (f"    - {code(line)}" for line in one.excerpt)
    yield f"- Fingerprint: {code(entry.fingerprint)}"
    if entry.approved:
        said = escaped(approval(entry))
        yield f"- **{said[:1].upper()}{said[1:]}**"


def value(text: str | None) -> str:
    """Return what was or is: in a code span where it is a value, in words where there is none."""
    return f"*{escaped(shown(text).strip('()'))}*" if not text else code(text)


def prose(text: str) -> str:
    """Return a sentence with its quoted parts as code spans and everything else escaped."""
    return "".join(code(part) if is_code else escaped(part) for is_code, part in segments(text))


def escaped(text: str) -> str:
    """Return ``text`` so that Markdown shows it as it is."""
    return _SPECIAL.sub(r"\\\1", sentence(text))


def code(text: str) -> str:
    """Return ``text`` as a code span that nothing in it can end; only digests stand so in tables."""
    line = shown(text)
    longest = max((len(ticks) for ticks in re.findall(r"`+", line)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"

"""The words that all reports for people share: verdicts counted, values shortened, prose cut at backticks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.formats.compare.change import Change, Comparison, Direction, Unread, Verdict
from gateway.formats.compare.reports.subject import LONGEST_SHOWN, READINGS, Entry, Report, Witness
from gateway.printable import printable

NOTHING = "(nothing)"
_NO_VERSION = "no such version"


def heading(comparison: Comparison) -> str:
    """Return what is compared: ``confirmation 1.0.0 -> confirmation 1.1.0``."""
    old, new = versions(comparison, Direction.OLD_UNDER_NEW)
    return f"{old} -> {new}"


def verdict_line(comparison: Comparison, direction: Direction) -> str:
    """Return the verdicts of one direction, counted: ``Old files under ...: 2 breaking, 3 ok``."""
    names = (comparison.old or _NO_VERSION, comparison.new or _NO_VERSION)
    forwards = direction is Direction.OLD_UNDER_NEW
    writer, reader = names if forwards else (names[1], names[0])
    return f"{'Old' if forwards else 'New'} files ({writer}) under {reader}: {counted(comparison, direction)}"


def unread(one: Unread) -> str:
    """Return which version could not be read, and why."""
    which = "old or new" if one.where == "old or new" else f"the {one.where} catalogue"
    return f"NOT COMPARED: {one.name} ({which}) cannot be read: {'; '.join(one.problems)}"


def versions(comparison: Comparison, direction: Direction) -> tuple[str, str]:
    """Return whose files are read, and under which version."""
    both = (comparison.old or NOTHING, comparison.new or NOTHING)
    return both if direction is Direction.OLD_UNDER_NEW else (both[1], both[0])


def counted(comparison: Comparison, direction: Direction) -> str:
    """Return how many changes have each verdict, the worst first: ``1 silent, 12 ok``."""
    counts = comparison.counts(direction)
    return (
        ", ".join(f"{count:,} {verdict.value}" for verdict, count in counts.items() if count) or "no change"
    )


def from_to(change: Change) -> str:
    """Return what was and what is: ``40 -> 18``."""
    return f"{shown(change.old)} -> {shown(change.new)}"


def shown(text: str | None) -> str:
    """Return a value as people see it: one line, printable, a long one cut."""
    if text is None:
        return NOTHING
    if text == "":
        return "(empty)"
    return shortened(printable(text))


def shortened(text: str) -> str:
    """Return ``text``, cut where it is longer than a page can show."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]} ... ({len(text):,} characters)"


def sentence(text: str) -> str:
    """Return a sentence that may hold what stood in a file: one printable line, a long one cut."""
    return shortened(printable(text.replace("\n", " ")))


def segments(text: str) -> Iterator[tuple[bool, str]]:
    """Yield the parts of a sentence, and for each whether it stood between backticks."""
    for part in re.split(r"(`[^`]+`)", sentence(text)):
        if part:
            is_code = len(part) > 2 and part[0] == part[-1] == "`"
            yield is_code, part[1:-1] if is_code else part


def approval(entry: Entry) -> str:
    """Return who approved the change, when and why; empty where nobody did."""
    one = entry.approved
    return f"approved by {one.by} on {one.at}: {one.reason}" if one else ""


def witness(one: Witness) -> str:
    """Return what proves the verdict, or why nothing does."""
    if not one.name:
        return one.said
    stands = f", written to {one.path}" if one.path else ""
    mark = "confirmed" if one.confirmed else "NOT CONFIRMED"
    return f"{one.name} ({one.size:,} bytes{stands}), {mark}: {one.said}"


def asked(report: Report) -> str:
    """Return what the reader asked for, and what came of it; empty where nothing fails anything."""
    if report.limit is None:
        return ""
    ways = " and ".join(READINGS[way] for way in report.judged)
    worse = "" if report.limit is Verdict.SILENT else " or worse"
    failing, count = len(report.failing()), sum(1 for one in _approved(report) if one)
    result = "none fails" if not failing else f"{failing:,} {'fails' if failing == 1 else 'fail'}"
    approved = f", {count:,} approved" if count else ""
    return f"Fails on {report.limit.value}{worse}, {ways}: {result}{approved}"


def _approved(report: Report) -> Iterator[bool]:
    """Yield for each change that would fail whether it is approved."""
    for comparison in report.comparisons:
        for entry in report.entries(comparison):
            if report.limit is not None and entry.verdict >= report.limit:
                yield entry.approved is not None

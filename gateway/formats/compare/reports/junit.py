"""A comparison as JUnit XML, for a build server: one test case per change."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from gateway.formats.compare.change import Comparison, Direction, Unread
from gateway.formats.compare.reports.subject import READINGS, Entry, Report
from gateway.formats.compare.reports.words import approval, from_to, heading, sentence, shown, unread, witness
from gateway.printable import printable


def render(report: Report) -> str:
    """Return the report as JUnit XML: a suite per comparison; what counts for --fail-on is a failure."""
    cases = sum(max(1, len(one.changes)) for one in report.comparisons) + len(report.unread)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    failures = len(report.failing())
    lines.append(
        _tag(
            "testsuites",
            name="gateway formats diff",
            tests=cases,
            failures=failures,
            errors=len(report.unread),
        )
    )
    for comparison in report.comparisons:
        lines += _suite(report, comparison)
    for one in report.unread:
        lines += _unread(one)
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _suite(report: Report, comparison: Comparison) -> Iterator[str]:
    entries = report.entries(comparison)
    count = max(1, len(entries))
    failing = sum(1 for entry in entries if entry.fails)
    yield "  " + _tag(
        "testsuite", name=heading(comparison), tests=count, failures=failing, errors=0, skipped=0, time="0"
    )
    yield "    <properties>"
    for name, text in _facts(report, comparison):
        yield "      " + _tag("property", "/", name=name, value=text)
    yield "    </properties>"
    if not entries:
        yield "    " + _tag("testcase", "/", classname=comparison.new, name="nothing changed", time="0")
    for entry in entries:
        yield from _case(entry)
    yield "  </testsuite>"


def _unread(one: Unread) -> Iterator[str]:
    yield "  " + _tag("testsuite", name=one.name, tests=1, failures=0, errors=1, skipped=0, time="0")
    yield "    " + _tag("testcase", classname=one.name, name=f"{one.name} ({one.where})", time="0")
    yield "      " + _tag("error", type="unread", message=sentence(unread(one)))
    yield escape("\n".join(map(printable, one.problems)))
    yield from ("      </error>", "    </testcase>", "  </testsuite>")


def _facts(report: Report, comparison: Comparison) -> Iterator[tuple[str, str]]:
    yield "gateway", report.gateway
    yield "old", f"{comparison.old} {comparison.old_digest}".strip()
    yield "new", f"{comparison.new} {comparison.new_digest}".strip()
    yield "fail-on", report.limit.value if report.limit else "nothing"
    yield "judged", ", ".join(direction.value for direction in report.judged)


def _case(entry: Entry) -> Iterator[str]:
    change = entry.change
    place = f"{entry.comparison.new or entry.comparison.old}.{change.code} {change.kind}"
    yield "    " + _tag("testcase", classname=place, name=change.path, time="0")
    if entry.fails:
        worst = max(entry.judgements(), key=lambda one: (one[1].verdict, one[0] is Direction.OLD_UNDER_NEW))
        yield "      " + _tag("failure", type=entry.verdict.value, message=sentence(worst[1].why))
        yield escape("\n".join(_said(entry)))
        yield "      </failure>"
    else:
        yield f"      <system-out>{escape(chr(10).join(_said(entry)))}</system-out>"
    yield "    </testcase>"


def _said(entry: Entry) -> Iterator[str]:
    """Yield everything that is said of the change, as lines of text."""
    yield f"{entry.title}: {from_to(entry.change)}"
    for direction, judgement in entry.judgements():
        yield f"{READINGS[direction]}: {judgement.verdict.value}. {sentence(judgement.why)}"
        one = entry.witnesses.get(direction)
        if one:
            yield printable(f"witness: {witness(one)}")
            yield from (printable(f"| {line}") for line in one.excerpt)
    yield f"fingerprint: {entry.fingerprint}"
    if entry.approved:
        yield printable(approval(entry))


def _tag(name: str, end: str = "", /, **attributes: object) -> str:
    """Return a tag; whatever XML cannot carry in an attribute stands there escaped."""
    texts = (f"{key.rstrip('_')}={quoteattr(shown(str(text)))}" for key, text in attributes.items())
    return f"<{' '.join([name, *texts])}{end}>"

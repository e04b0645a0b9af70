"""A comparison as one HTML page that stands alone: to be read, printed and kept.

No script, no picture, nothing is loaded from anywhere. What came from a definition or a file is
escaped wherever it stands.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence

from gateway.formats.compare.change import Comparison, Direction, Judgement, Verdict
from gateway.formats.compare.reports.subject import MEANINGS, READINGS, Entry, Report
from gateway.formats.compare.reports.words import (
    NOTHING,
    approval,
    asked,
    heading,
    segments,
    sentence,
    shown,
    unread,
    witness,
)
from gateway.printable import printable

_VERDICTS = sorted(Verdict, reverse=True)

#: The page loads nothing, whatever a definition managed to put into it.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

_STYLE = """\
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "Segoe UI", "Liberation Sans", sans-serif; color: #1a1a1a;
  background: #fff; max-width: 70rem; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
h3 { font-size: 1rem; margin: 0 0 .4rem; }
table { border-collapse: collapse; margin: .8rem 0; }
caption { text-align: left; font-weight: 600; padding: .2rem 0; }
th, td { border: 1px solid #b8b8b8; padding: .3rem .6rem; text-align: left; vertical-align: top; }
thead th { background: #f0f0f0; }
td.count { text-align: right; font-variant-numeric: tabular-nums; }
code, pre { font-family: ui-monospace, "Liberation Mono", monospace; font-size: .9em;
  overflow-wrap: anywhere; }
pre { background: #f6f6f6; padding: .5rem; white-space: pre-wrap; margin: .3rem 0 0; }
section.change { border-left: .35rem solid #888; padding: .6rem 1rem; margin: 1rem 0; break-inside: avoid; }
section.silent { border-color: #7b1fa2; } section.breaking { border-color: #b00020; }
section.review { border-color: #8a6d00; } section.ok { border-color: #1b6e3c; }
.verdict { font-weight: 700; } .verdict.silent { color: #7b1fa2; } .verdict.breaking { color: #b00020; }
.verdict.review { color: #6b5500; } .verdict.ok { color: #1b6e3c; }
.quiet { color: #4a4a4a; }
@media print { body { margin: 0; max-width: none; font-size: 10pt; } }
"""


def render(report: Report) -> str:
    """Return the report as a whole HTML document, ending in a newline."""
    title = heading(report.comparisons[0]) if len(report.comparisons) == 1 else "Formats compared"
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{text(title)}</title>",
        f"<style>\n{_STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        *_body(report),
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def _body(report: Report) -> Iterator[str]:
    if len(report.comparisons) != 1:
        yield "<h1>Formats compared</h1>"
        changed = [one for one in report.comparisons if one.changes]
        count = len(report.comparisons)
        said = f"{len(changed):,} of {count:,} comparisons differ." if count else "Nothing differs."
        yield f"<p>{said}</p>"
        if changed:
            yield from _verdict_table(
                "Verdicts", [(heading(one), one, way) for one in changed for way in Direction]
            )
    yield from (f"<p><strong>{text(sentence(unread(one)))}</strong></p>" for one in report.unread)
    for index, comparison in enumerate(report.comparisons):
        if comparison.changes or len(report.comparisons) == 1:
            yield from _comparison(report, comparison, report.summaries.get(index, ()))
    said = asked(report)
    if said:
        yield f"<p><strong>{text(said)}.</strong></p>"
    yield f'<p class="quiet">Made by gateway {text(report.gateway)}.</p>'


def _verdict_table(caption: str, rows: Sequence[tuple[str, Comparison, Direction]]) -> Iterator[str]:
    yield f"<table><caption>{text(caption)}</caption>"
    yield from _head("files", *(verdict.value for verdict in _VERDICTS))
    for name, comparison, direction in rows:
        counts = comparison.counts(direction)
        cells = "".join(f'<td class="count">{counts[verdict]:,}</td>' for verdict in _VERDICTS)
        first = f"{name}, {READINGS[direction]}" if name else READINGS[direction]
        yield f'<tr><th scope="row">{text(first)}</th>{cells}</tr>'
    yield "</tbody></table>"


def _head(*columns: str) -> Iterator[str]:
    heads = "".join(f'<th scope="col">{name}</th>' for name in columns)
    yield f"<thead><tr>{heads}</tr></thead><tbody>"


def _comparison(report: Report, comparison: Comparison, summary: Sequence[str]) -> Iterator[str]:
    level = 1 if len(report.comparisons) == 1 else 2
    yield f"<h{level}>{text(heading(comparison))}</h{level}>"
    yield "<table><caption>What was compared</caption>"
    yield from _head("which", "version", "SHA-256")
    for label, name, digest in (
        ("old", comparison.old, comparison.old_digest),
        ("new", comparison.new, comparison.new_digest),
    ):
        known = code(digest) if digest else "unknown"
        yield f'<tr><th scope="row">{label}</th><td>{text(name or NOTHING)}</td><td>{known}</td></tr>'
    yield "</tbody></table>"
    yield from _verdict_table("Verdicts", [("", comparison, direction) for direction in Direction])
    if summary:
        yield from ("<ul>", *(f"<li>{text(line)}</li>" for line in summary), "</ul>")
    if not comparison.changes:
        yield "<p>Nothing changed.</p>"
    for verdict, entries in report.grouped(comparison):
        ways = " or ".join(READINGS[direction] for direction in report.judged)
        yield f"<h{level + 1}>{verdict.value.capitalize()} ({len(entries):,})</h{level + 1}>"
        yield f"<p>{text(ways.capitalize())}: {text(MEANINGS[verdict])}.</p>"
        for entry in entries:
            yield from _entry(entry, level + 2)


def _entry(entry: Entry, level: int) -> Iterator[str]:
    change = entry.change
    yield f'<section class="change {entry.verdict.value}">'
    yield f"<h{level}>{change.code} {text(change.kind)}: {code(change.path)}</h{level}>"
    yield f"<p>{text(entry.title)}: {value(change.old)} to {value(change.new)}</p>"
    yield "<table>"
    yield from _head("files", "verdict", "why")
    for direction, judgement in entry.judgements():
        yield from _judgement(entry, direction, judgement)
    yield "</tbody></table>"
    yield f'<p class="quiet">Fingerprint {code(entry.fingerprint)}</p>'
    if entry.approved:
        yield f"<p><strong>{text(sentence(approval(entry)))}</strong></p>"
    yield "</section>"


def _judgement(entry: Entry, direction: Direction, judgement: Judgement) -> Iterator[str]:
    verdict = judgement.verdict.value
    yield f'<tr><th scope="row">{READINGS[direction]}</th>'
    yield f'<td><span class="verdict {verdict}">{verdict}</span></td>'
    yield f"<td>{prose(judgement.why)}"
    one = entry.witnesses.get(direction)
    if one:
        yield f"<p>Witness: {text(sentence(witness(one)))}</p>"
        if one.excerpt:
            lines = "\n".join(html.escape(printable(line)) for line in one.excerpt)
            yield f"<pre>{lines}</pre>"
    yield "</td></tr>"


def value(given: str | None) -> str:
    """Return what was or is: as code where it is a value, in words where there is none."""
    return f"<em>{text(shown(given).strip('()'))}</em>" if not given else code(given)


def prose(given: str) -> str:
    """Return a sentence with its quoted parts as code and everything escaped."""
    return "".join(code(part) if is_code else text(part) for is_code, part in segments(given))


def code(given: str) -> str:
    """Return ``given`` as code."""
    return f"<code>{text(shown(given))}</code>"


def text(given: str) -> str:
    """Return ``given`` so that a browser shows it as it is."""
    return html.escape(printable(given))

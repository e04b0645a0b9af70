"""The table of all kinds of change, as ``docs/comparing.md`` has it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.formats.compare.kinds import KINDS

#: What the first digits of a code stand for.
CHAPTERS: Mapping[str, str] = {
    "C1": "The file as a whole",
    "C2": "Characters and lines",
    "C3": "Record types",
    "C4": "Fields: where they stand",
    "C5": "Fields: what their values are",
    "C6": "Envelope and rules",
    "C7": "XML Schema and JSON Schema",
}


def kinds_markdown() -> str:
    """Return the kinds of change as Markdown: a table for each chapter, ending in a newline."""
    return "\n".join(_lines()).strip() + "\n"


def _lines() -> Iterator[str]:
    for chapter, title in CHAPTERS.items():
        yield from (
            f"### {title}",
            "",
            "| code | kind | what changed | usual verdicts |",
            "|---|---|---|---|",
        )
        for kind in KINDS.values():
            if kind.code.startswith(chapter):
                yield f"| {kind.code} | `{kind.name}` | {kind.title} | {kind.usual} |"
        yield ""

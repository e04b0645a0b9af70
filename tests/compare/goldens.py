"""The reports that are kept: each chapter of the kinds of change, in every form."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.formats.compare.change import Verdict
from gateway.formats.compare.reports import html, json, junit, markdown, text
from gateway.formats.compare.reports.subject import Report
from tests.compare.golden_cases import comparisons

DIRECTORY = Path(__file__).with_name("golden")

#: Suffix of a golden -> what makes it.
_RENDERERS: Mapping[str, Callable[[Report], str]] = {
    "txt": lambda report: text.render(report, detail=True),
    "md": markdown.render,
    "json": json.render,
    "junit.xml": junit.render,
    "html": html.render,
}


def goldens() -> dict[str, str]:
    """Return every golden by its name, made anew."""
    with tempfile.TemporaryDirectory() as directory:
        chapters = comparisons(Path(directory))
    made = {}
    for chapter, several in chapters.items():
        report = Report(tuple(several), "(any)", limit=Verdict.BREAKING)
        made.update({f"{chapter}xx.{suffix}": render(report) for suffix, render in _RENDERERS.items()})
    return made

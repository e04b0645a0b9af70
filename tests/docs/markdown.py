"""Reading the project's Markdown: links, anchors, code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tests.docs.pages import DOCS, ROOT

#: Every page that people write or generate, in the repository's own words.
ALL = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "samples" / "README.md"])

_FENCE = re.compile(r"^```[a-z]*\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADLINE = re.compile(r"^#{1,6} +(?P<title>.+?) *$", re.MULTILINE)
_SPAN = re.compile(r"`(?P<code>[^`]+)`")


def text_of(page: Path) -> str:
    """Return the text of a page without its code blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[str]:
    """Yield the targets of all links."""
    return (found["target"] for found in _LINK.finditer(text_of(page)))


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headlines, as the usual renderers make them."""
    found: set[str] = set()
    for headline in _HEADLINE.finditer(text_of(page)):
        title = _LINK.sub(lambda link: link[0].split("]")[0].lstrip("["), headline["title"])
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        number = sum(1 for each in found if re.fullmatch(re.escape(anchor) + r"(-[0-9]+)?", each))
        found.add(f"{anchor}-{number}" if number else anchor)
    return found


def spans(page: Path) -> Iterator[str]:
    """Yield what stands in backticks, line ends as blanks."""
    return (" ".join(found["code"].split()) for found in _SPAN.finditer(text_of(page)))


def code_lines(page: Path) -> Iterator[str]:
    """Yield the lines of all code blocks."""
    for fence in _FENCE.finditer(page.read_text(encoding="utf-8")):
        yield from fence["code"].splitlines()


def code_after(page: Path, headline: str, number: int) -> str:
    """Return the ``number``-th code block (from 0) below the headline ``headline``."""
    text = page.read_text(encoding="utf-8")
    return [found["code"] for found in _FENCE.finditer(text, text.index(f"# {headline}\n"))][number]

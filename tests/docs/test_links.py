"""Links lead somewhere, and files that a page names exist."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.markdown import ALL, anchors, links, spans
from tests.docs.pages import ROOT

#: What in backticks is a file of the repository, and not one of a site.
_FILE = re.compile(r"(?:gateway|tests|docs|samples|formats|config)/[\w./<>*-]+")
#: Files of a site that begin like files of the repository.
_OF_A_SITE = {"formats/formats.lock", "config/known_hosts", "config/plant-ca.pem"}
#: Whose names the site gives.
_KEYS = "config/keys/"


def name_of(page: Path) -> str:
    """Return a page's path in the repository."""
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", ALL, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A link shall lead to a file of the repository, and to a headline that the page has."""
    broken = []
    for target in links(page):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / unquote(path)).resolve() if path else page
        if not file.is_relative_to(ROOT) or not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", ALL, ids=name_of)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    """A page shall name no file of the project that is not there."""
    named = {code for code in spans(page) if _FILE.fullmatch(code) and "<" not in code and "*" not in code}
    ours = {name for name in named - _OF_A_SITE if not name.startswith(_KEYS)}
    missing = [name for name in ours if not (ROOT / name.split("::")[0]).exists()]
    assert missing == []


def test_the_pages_are_found() -> None:
    """The tests of the pages shall see the pages."""
    assert {"README.md", "docs/README.md", "docs/findings.md"} <= {name_of(page) for page in ALL}

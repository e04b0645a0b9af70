"""What of the documentation is generated: whole pages, and parts of pages between two marks.

A part stands between ``<!-- generated: NAME -->`` and ``<!-- end of NAME -->``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway import findings_reference
from gateway.cli import reference as commands
from gateway.config import reference as configuration
from gateway.formats import reference as formats
from gateway.formats.compare.reports import reference as comparison
from gateway.mappings import reference as mappings
from gateway.rules import lifecycle
from tests.docs import layers, members
from tests.docs.finding_scenes import examples

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

Generator = Callable[[], str]


def findings_page() -> str:
    """Return the page about finding codes, its examples made anew."""
    return findings_reference.reference_markdown(examples())


#: Pages that are generated whole.
PAGES: Mapping[str, Generator] = {
    "commands.md": commands.commands_markdown,
    "configuration.md": configuration.reference_markdown,
    "exit-codes.md": commands.exit_codes_markdown,
    "findings.md": findings_page,
    "formats.md": formats.reference_markdown,
}

#: Parts of pages that people write.
PARTS: Mapping[str, Generator] = {
    "lifecycle": lifecycle.transitions_markdown,
    "lifecycle-picture": lambda: f"```mermaid\n{lifecycle.transitions_mermaid()}```\n",
    "layers": layers.table,
    "mapping-settings": mappings.settings_markdown,
    "manifest-members": members.manifest_table,
    "change-kinds": comparison.kinds_markdown,
    "audit-members": members.audit_table,
}

_PART = re.compile(
    r"(<!-- generated: (?P<name>[a-z-]+) -->\n)(?P<text>.*?)(<!-- end of (?P=name) -->\n)", re.DOTALL
)


def with_parts(text: str) -> str:
    """Return the text of a page with its generated parts made anew; KeyError for an unknown part."""
    return _PART.sub(lambda found: f"{found[1]}\n{PARTS[found['name']]()}\n{found[4]}", text)


def parts_of(text: str) -> list[str]:
    """Return the names of the generated parts of a page."""
    return [found["name"] for found in _PART.finditer(text)]

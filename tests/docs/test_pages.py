"""Generated pages, and generated parts of pages, are what the code generates now."""

from __future__ import annotations

import pytest

from gateway.ledger.audit_chain import GENESIS, members
from gateway.model import Actor, AuditEntry
from tests.docs.members import AUDIT_MEMBERS, manifest_table
from tests.docs.pages import DOCS, PAGES, PARTS, parts_of, with_parts
from tests.pipeline.plant import Plant, ShiftedClock

WRITTEN = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md"))


@pytest.mark.parametrize("name", PAGES)
def test_a_generated_page_is_up_to_date(name: str) -> None:
    """Each generated page shall be what `python -m tests.docs.regenerate` writes now."""
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name]()


@pytest.mark.parametrize("name", WRITTEN)
def test_the_generated_parts_of_a_page_are_up_to_date(name: str) -> None:
    """Each generated part shall be what `python -m tests.docs.regenerate` writes now."""
    text = (DOCS / name).read_text(encoding="utf-8")
    assert text.count("<!-- generated: ") == len(parts_of(text))
    assert with_parts(text) == text


def test_every_generated_part_stands_on_a_page() -> None:
    """No table shall be generated for nobody."""
    used = {part for name in WRITTEN for part in parts_of((DOCS / name).read_text(encoding="utf-8"))}
    assert used == set(PARTS)


def test_every_page_is_in_the_index() -> None:
    """The index of the documentation shall lead to every page."""
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    decisions = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    missing = [name for name in WRITTEN if name != "README.md" and f"({name})" not in index]
    assert [name for name in missing if f"({name.removeprefix('decisions/')})" not in decisions] == []


def test_the_members_of_an_audit_entry_are_all_named() -> None:
    """The page for the validation engineer shall name every member of an audit entry, and no other."""
    entry = AuditEntry(ShiftedClock().now(), Actor("a", "operator", "h"), "waived", "stream", "s")
    assert set(members(entry, 1, GENESIS)) | {"hash"} == set(AUDIT_MEMBERS)


def test_the_members_of_a_manifest_are_all_named(plant: Plant) -> None:
    """The page for the validation engineer shall name every member of a real manifest."""
    plant.drop_confirmation(1)
    plant.run()
    (name,) = plant.states()
    table = manifest_table()
    for member, value in plant.manifest(name).items():
        assert f"| `{member}" in table
        for inner in value if isinstance(value, dict) else ():
            assert f"| `{member}.{inner}" in table

"""Two releases of a vendor's schemas: B2MML V0401 and V05.

The Business To Manufacturing Markup Language (B2MML) is used courtesy of MESA International.
"""

from __future__ import annotations

import functools
import time
from pathlib import Path

from lxml import etree

from gateway.formats.compare.change import Verdict
from gateway.formats.compare.xsd import SchemaComparison, compare_sets, compare_xsd, compare_xsd_sets
from tests.readers.document_kit import reference


@functools.cache
def _compared() -> SchemaComparison:
    return compare_sets(reference("b2mml", "V0401"), reference("b2mml", "V0500"))


def test_summary_counts_types_by_child_name_and_cardinality() -> None:
    """The summary shall count top-level complex types as a plain look at the files counts them."""
    tag = "{http://www.w3.org/2001/XMLSchema}"

    def types(release: str) -> dict[str | None, list[tuple[str | None, str, str]]]:
        found = {}
        for file in reference("b2mml", release).glob("*.xsd"):
            for one in etree.parse(str(file)).getroot().iterchildren(f"{tag}complexType"):
                children = one.iter(f"{tag}element")
                found[one.get("name")] = [
                    (c.get("name") or c.get("ref"), c.get("minOccurs", "1"), c.get("maxOccurs", "1"))
                    for c in children
                ]
        return found

    old, new = types("V0401"), types("V0500")
    changed = sum(set(old[name]) != set(new[name]) for name in old.keys() & new.keys())
    summary = _compared().summary
    counted = (summary.types_added, summary.types_removed, summary.types_changed)
    assert counted == (len(new.keys() - old.keys()), len(old.keys() - new.keys()), changed) == (183, 55, 95)
    assert summary.to_lines()[0] == (
        "Complex types: 183 added, 55 removed, 95 of 359 changed in their child elements or numbers"
    )


def test_data_type_and_unit_were_relaxed() -> None:
    """`QuantityValueType/DataType` and `UnitOfMeasure` shall be reported as relaxed from 1 to 0..1."""
    found = {one.path: one for one in _compared().changes if one.kind == "schema-cardinality-loosened"}
    for name in ("DataType", "UnitOfMeasure"):
        one = found[f"QuantityValueType/{name}"]
        assert (one.old, one.new) == ("1", "0..1")
        assert (one.old_under_new.verdict, one.new_under_old.verdict) == (Verdict.OK, Verdict.BREAKING)


def test_every_change_has_its_own_id_and_a_verdict_that_is_decided() -> None:
    """Each change of the release shall stand once, and none shall be left to a person."""
    found = _compared().changes
    assert len({one.id for one in found}) == len(found)
    assert not [one.path for one in found if one.worst is Verdict.REVIEW]


def test_breaking_changes_have_documents() -> None:
    """Each breaking change of the release shall have a document that is well-formed and small."""
    for one in _compared().changes:
        for judgement in (one.old_under_new, one.new_under_old):
            if judgement.verdict is Verdict.BREAKING:
                assert judgement.demand is not None
                document = judgement.demand.document or b""
                assert len(document) < 10_000
                etree.fromstring(document)


def test_a_release_compared_with_itself_has_no_changes() -> None:
    """Comparing a release with itself shall report nothing."""
    assert compare_xsd_sets(reference("b2mml", "V0401"), reference("b2mml", "V0401")) == []


def test_missing_files_of_a_release_are_named() -> None:
    """Files that the release includes and does not have shall be named with file and line."""
    texts = [str(problem) for problem in _compared().problems]
    assert len(texts) == 5
    assert any("AllExtensions.xsd:13: " in text and "BatchML" in text for text in texts)


def test_whole_releases_are_compared_in_seconds() -> None:
    """Two whole releases shall be compared, proofs and all, in far less time than a person waits."""
    started = time.process_time()
    compare_sets(reference("b2mml", "V0401"), reference("b2mml", "V0500"))
    assert time.process_time() - started < 3


def test_one_message_is_compared_alone() -> None:
    """With entry document and root given only what that message can hold shall be reported."""
    old = reference("b2mml", "V0401", "B2MML-V0401-Material.xsd")
    new = reference("b2mml", "V0500", "B2MML-V05-Material.xsd")
    found = compare_xsd(Path(old), Path(new), "SyncMaterialDefinition", "SyncMaterialDefinition")
    assert 0 < len(found) < len(_compared().changes)
    assert not [one for one in found if one.path == "PersonnelInformation"]

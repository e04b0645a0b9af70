"""Laws of comparing XML Schemas, over generated pairs of schemas and generated documents."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.formats.compare.change import Change, Direction, Verdict
from tests.compare.xsd_kit import Small, changes, documents, pairs

LAW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def _compiled(text: str) -> etree.XMLSchema:
    """Return the schema compiled; the pair is set aside where libxml2 refuses it (ambiguous content)."""
    try:
        return etree.XMLSchema(etree.fromstring(text.encode()))
    except etree.XMLSchemaParseError:
        assume(False)
        raise


def _compare(old: Small, new: Small) -> list[Change]:
    with tempfile.TemporaryDirectory() as made:
        return changes(Path(made), old.text(), new.text())


@LAW
@given(pairs())
def test_a_schema_compared_with_itself_has_no_changes(pair: tuple[Small, Small]) -> None:
    """Comparing a schema with itself shall report nothing."""
    _compiled(pair[0].text())
    assert _compare(pair[0], pair[0]) == []


@LAW
@given(pairs())
def test_comparison_is_symmetric(pair: tuple[Small, Small]) -> None:
    """Comparing new with old shall report the same changes with both directions exchanged."""
    _compiled(pair[0].text())
    _compiled(pair[1].text())
    there = {(one.kind, one.path): one.swapped() for one in _compare(*pair)}
    back = {(one.kind, one.path): one for one in _compare(*reversed(pair))}
    assert {(one.kind, one.path): one for one in there.values()} == back


@settings(LAW, max_examples=120)
@given(pairs(), st.integers(0, 2**30))
def test_verdicts_are_true(pair: tuple[Small, Small], seed: int) -> None:
    """A breaking verdict shall have a document that proves it; where all is ok no valid document breaks."""
    old, new = (_compiled(one.text()) for one in pair)
    found = _compare(*pair)
    for direction, writer, reader, small in (
        (Direction.OLD_UNDER_NEW, old, new, pair[0]),
        (Direction.NEW_UNDER_OLD, new, old, pair[1]),
    ):
        judged = [one.judgement(direction) for one in found]
        for one in judged:
            if one.verdict in (Verdict.BREAKING, Verdict.SILENT):
                assert one.demand is not None
                assert one.demand.document is not None
                document = etree.fromstring(one.demand.document)
                assert writer.validate(document)
                assert reader.validate(document) is (one.verdict is Verdict.SILENT)
        if all(one.verdict is Verdict.OK for one in judged):
            for text in documents(small, seed):
                document = etree.fromstring(text)
                assert not writer.validate(document) or reader.validate(document), text.decode()

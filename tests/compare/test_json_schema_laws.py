"""What must hold for the comparison of any two JSON Schemas."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.compare.change import Direction, Verdict
from gateway.formats.json_schemas import exact
from tests.compare.json_schema_kit import VALUES, Pair, pairs

_LAW = settings(max_examples=30, deadline=None, derandomize=True, database=None)


@_LAW
@given(pairs())
def test_the_comparison_of_a_schema_with_itself_is_empty(schemas: tuple[Any, Any]) -> None:
    """Comparing a schema with itself shall find no change."""
    assert Pair(schemas[0], schemas[0]).changes() == []


@_LAW
@given(pairs())
def test_the_way_back_is_the_same_with_both_directions_exchanged(schemas: tuple[Any, Any]) -> None:
    """Comparing new with old shall find the same changes, old and new exchanged."""
    pair = Pair(*schemas)
    assert pair.changes(back=True) == [change.swapped() for change in pair.changes()]


@_LAW
@given(pairs())
def test_a_breaking_verdict_has_a_document_that_proves_it(schemas: tuple[Any, Any]) -> None:
    """Every document of a breaking verdict shall be valid for the writer and refused by the reader."""
    pair = Pair(*schemas)
    for change in pair.changes():
        for direction, writer in ((Direction.OLD_UNDER_NEW, 0), (Direction.NEW_UNDER_OLD, 1)):
            judgement = change.judgement(direction)
            if judgement.verdict is Verdict.BREAKING:
                document = exact((judgement.demand and judgement.demand.document) or b"")
                assert pair.validators[writer].is_valid(document), change
                assert not pair.validators[1 - writer].is_valid(document), change


@_LAW
@given(pairs(), st.lists(VALUES, min_size=10, max_size=10))
def test_where_all_is_ok_no_document_is_refused(schemas: tuple[Any, Any], values: list[Any]) -> None:
    """Where every change is ok in a direction, no document valid for the writer shall be refused."""
    pair = Pair(*schemas)
    changes = pair.changes()
    for direction, writer in ((Direction.OLD_UNDER_NEW, 0), (Direction.NEW_UNDER_OLD, 1)):
        if all(change.judgement(direction).verdict is Verdict.OK for change in changes):
            valid = [value for value in values if pair.validators[writer].is_valid(value)]
            refused = [value for value in valid if not pair.validators[1 - writer].is_valid(value)]
            assert refused == []

"""Every kind of change is reported with the verdicts that it must have."""

from __future__ import annotations

import dataclasses

import pytest

from gateway.formats.compare.change import Comparison, Direction, Verdict
from gateway.formats.compare.definitions import compare
from gateway.formats.compare.kinds import KINDS
from tests.compare.cases import CASES, Case


@pytest.fixture(scope="module")
def comparisons() -> dict[Case, Comparison]:
    """Both versions of every case, compared once."""
    return {case: compare(*case.definitions()) for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_change_is_reported_with_its_verdicts(case: Case, comparisons: dict[Case, Comparison]) -> None:
    """The comparison shall report each change with its kind, its path and a verdict for each direction."""
    found = comparisons[case].changes
    told = [
        (one.kind, one.path, one.old_under_new.verdict.value, one.new_under_old.verdict.value)
        for one in found
    ]
    assert (case.kind, case.path, case.old_under_new, case.new_under_old) in told


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_exchanged_versions_exchange_the_verdicts(case: Case, comparisons: dict[Case, Comparison]) -> None:
    """Comparing B with A shall say of every change what comparing A with B says, the other way round."""
    old, new = case.definitions()
    forward = {one.id: one for one in comparisons[case].changes}
    back = {one.swapped().id: one.swapped() for one in compare(new, old).changes}
    assert {name: _told(one) for name, one in back.items()} == {
        name: _told(one) for name, one in forward.items()
    }


def _told(change: object) -> object:
    return dataclasses.asdict(change)  # type: ignore[call-overload] # a dataclass


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_version_compared_with_itself_has_no_changes(case: Case) -> None:
    """Comparing a version with itself shall report nothing."""
    for definition in case.definitions():
        assert compare(definition, definition).changes == ()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_judgements_say_why_and_what_proves_them(case: Case, comparisons: dict[Case, Comparison]) -> None:
    """Every judgement shall have a sentence that says why, and every harm what a file must have."""
    for change in comparisons[case].changes:
        assert change.kind in KINDS
        for direction in Direction:
            judgement = change.judgement(direction)
            assert judgement.why.endswith(".")
            harmful = judgement.verdict in (Verdict.BREAKING, Verdict.SILENT)
            assert (judgement.demand is not None) == harmful, judgement

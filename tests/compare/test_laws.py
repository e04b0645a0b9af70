"""The laws of comparison over generated definitions of every kind and generated files.

What a verdict says is held against real files: they are written, read and validated as every file is.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from gateway.formats.compare.change import Direction, Verdict
from gateway.formats.compare.definitions import compare
from gateway.formats.definition import Kind
from gateway.witness import build, prove
from gateway.witness.checking import checked
from gateway.witness.proving import PROVABLE, read_differently
from tests.compare.generated import definitions
from tests.compare.mutated import mutations

KINDS = pytest.mark.parametrize("kind", Kind)
bounded = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@KINDS
@bounded
@given(data=st.data())
def test_a_version_does_not_differ_from_itself(kind: Kind, data: st.DataObject) -> None:
    """The gateway shall find no change between a version and itself."""
    definition = data.draw(definitions(kind))
    assert compare(definition, definition).changes == ()


@KINDS
@bounded
@given(data=st.data())
def test_both_directions_agree(kind: Kind, data: st.DataObject) -> None:
    """The gateway shall judge old under new in one comparison as new under old in the reversed one."""
    old = data.draw(definitions(kind))
    new = data.draw(mutations(old, most=3))
    forwards = {one.path: one for one in compare(old, new).changes}
    back = {one.path: one.swapped() for one in compare(new, old).changes}
    assert forwards.keys() == back.keys()
    for path, change in forwards.items():
        for direction in Direction:
            assert back[path].judgement(direction).verdict is change.judgement(direction).verdict, path


@KINDS
@bounded
@given(data=st.data())
def test_ok_never_makes_a_valid_file_invalid(kind: Kind, data: st.DataObject) -> None:
    """The gateway shall accept every file of the old version under the new one where all changes are ok."""
    old = data.draw(definitions(kind))
    new = data.draw(mutations(old, most=2))
    comparison = compare(old, new)
    if comparison.worst(Direction.OLD_UNDER_NEW) is not Verdict.OK:
        return
    note(str(comparison.changes))
    files = [build(old, variety=variety) for variety in data.draw(st.sets(st.integers(0, 40), max_size=4))]
    for file in files:
        if file is None:
            continue
        (verdict,) = checked(new, [file])
        assert verdict.accepted, (file.data, verdict.findings[:3])
        assert list(read_differently(old, new, file.data)) == []


@KINDS
@bounded
@given(data=st.data())
def test_every_harm_is_proved_by_a_file(kind: Kind, data: st.DataObject) -> None:
    """The gateway shall have a file that proves each verdict of breaking and of silent."""
    old = data.draw(definitions(kind))
    new = data.draw(mutations(old))
    for change in compare(old, new).changes:
        for direction in Direction:
            judgement = change.judgement(direction)
            if judgement.verdict in PROVABLE:
                proof = prove(old, new, change, direction)
                note(f"{change.id} {direction.value}: {judgement.why} {judgement.demand} {proof}")
                assert proof is not None, change.id
                assert proof.confirmed, change.id

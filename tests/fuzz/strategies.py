"""Inputs for hypothesis: a good sample and the edits that make it a bad one."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.fuzz.mutating import apply
from tests.fuzz.target import Target

_EDITS = st.lists(
    st.tuples(st.integers(0, 63), st.integers(0, 65535), st.integers(0, 255), st.integers(0, 4095)),
    max_size=6,
)


def inputs(target: Target) -> st.SearchStrategy[bytes]:
    """Return a strategy of inputs for ``target``: most of them nearly good."""
    seeds = target.seeds()
    edited = st.builds(lambda seed, edits: apply(seed, edits, target.tokens), st.sampled_from(seeds), _EDITS)
    return edited | st.binary(max_size=300)

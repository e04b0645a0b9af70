"""The same complex type in both versions, as the parts of its comparison see it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from gateway.formats.compare.xsd.drafts import (
    PLACE,
    Claim,
    Draft,
)
from gateway.formats.compare.xsd.model import (
    Complex,
)

#: Compares two types of different names, as child elements have them: (old, new) -> one draft or none.
TypePair = Callable[[str, str, str], Draft | None]


class Pair(NamedTuple):
    """The same complex type in both versions."""

    place: str
    old: Complex
    new: Complex
    compare_types: TypePair


def draft_of(
    pair: Pair, kind: str, at: str, shown: tuple[str | None, str | None], claims: tuple[Claim, Claim]
) -> Draft:
    """Return a draft at ``at`` within the type."""
    return Draft(kind, f"{pair.place}{PLACE}{at}", *shown, *claims)

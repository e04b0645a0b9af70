"""Files that wait for another entry to come, and for nothing else: they are not judged again until then.

Many thousands may wait for their done markers. A look compares each with what is known of it; it is judged
again when it has changed, and when a side file comes that is about it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.model import Sighting
from gateway.rules.surroundings import Role, belongs_to, role_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from gateway.rules.completeness_policy import CompletenessPolicy
    from gateway.rules.surroundings import Surroundings

#: What tells whether an entry is as it was: size, mtime in nanoseconds, inode.
Mark = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """Files that stood as they are at the last look, by name, and which of them this look saw so again."""

    marks: Mapping[str, Mark] = field(default_factory=dict)
    still: set[str] = field(default_factory=set)

    def others(self, sightings: Iterable[Sighting]) -> Iterator[Sighting]:
        """Yield the sightings of all others; those that stand as they did are noted."""
        for seen in sightings:
            if self.marks.get(seen.name) == (seen.size, seen.mtime_ns, seen.inode) and seen.kind == "file":
                self.still.add(seen.name)
            else:
                yield seen

    def sightings(self, names: Iterable[str]) -> Iterator[Sighting]:
        """Yield the sightings of those of ``names`` that stand as they did."""
        for name in names:
            if name in self.still:
                yield Sighting(name, "file", *self.marks[name])


def concerned(policy: CompletenessPolicy, side_files: Iterable[str], around: Surroundings) -> set[str]:
    """Return the names of all files that the ``side_files`` are about; other names count for nothing.

    ``around`` knows the control files, and the stems of files whose markers replace their extension.
    """
    found: set[str] = set()
    for name in side_files:
        role = role_of(policy, name)
        if role is not None:
            found.update(belongs_to(policy, name, role, around))
    return found


def has_markers(policy: CompletenessPolicy, names: Iterable[str]) -> bool:
    """Return whether there is a done marker among ``names`` that takes the place of an extension."""
    return policy.done_replaces_extension and any(role_of(policy, one) is Role.DONE_MARKER for one in names)

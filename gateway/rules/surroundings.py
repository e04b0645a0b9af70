"""What stands around a file in its directory, and what the edge has read so far."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.model import Arrival, Companion, Sighting
from gateway.rules.completeness_policy import CompletenessPolicy, EvidenceKind
from gateway.rules.file_names import matches_shell, split_extension
from gateway.rules.side_files import ControlFile, ControlLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Role(enum.Enum):
    """What a side file is for."""

    DONE_MARKER = "done-marker"
    CHECKSUM = "checksum"
    CONTROL_FILE = "control-file"


@dataclass(frozen=True, slots=True)
class Statement:
    """What one control file says about one file."""

    control: str
    line: ControlLine


@dataclass(frozen=True, slots=True)
class Surroundings:
    """One look at a whole directory, shared by all its files."""

    pattern: str
    files: Mapping[str, Sighting]  #: regular, readable files by name
    controls: Mapping[str, ControlFile] = field(default_factory=dict)
    statements: Mapping[str, tuple[Statement, ...]] = field(default_factory=dict)
    stems: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    arrivals: Mapping[str, Arrival] = field(default_factory=dict)
    taken: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        policy: CompletenessPolicy,
        pattern: str,
        sightings: Iterable[Sighting],
        controls: Mapping[str, ControlFile] | None = None,
        arrivals: Mapping[str, Arrival] | None = None,
        taken: Iterable[str] = (),
    ) -> Surroundings:
        """Return the surroundings of all files of one directory.

        ``pattern`` is the source's. ``controls`` are the parsed ``control_names``. ``arrivals``
        are this look's arrivals of side files: without them a wrong checksum only waits.
        ``taken`` are names that became transfers since a control file that lists them came.
        """
        files = {each.name: each for each in sightings if each.kind == "file" and each.readable}
        parsed = dict(controls or {})
        stems = _stems(policy, files) if policy.done_replaces_extension else {}
        return cls(pattern, files, parsed, _statements(parsed), stems, arrivals or {}, frozenset(taken))

    def companion(self, name: str, role: Role) -> Companion:
        """Return the side file ``name`` as a transfer takes it along."""
        seen = self.files[name]
        return Companion(name, role.value, seen.size, mtime_ns=seen.mtime_ns, inode=seen.inode)


def control_names(policy: CompletenessPolicy, sightings: Iterable[Sighting]) -> list[str]:
    """Return the control files that the edge reads and parses before a pass is assessed."""
    if EvidenceKind.CONTROL_FILE not in policy.require:
        return []
    regular = (each.name for each in sightings if each.kind == "file" and each.readable)
    return [name for name in regular if matches_shell(policy.control_file.pattern, name)]


def _stems(policy: CompletenessPolicy, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in names:
        if not name.endswith(policy.done_suffix):
            stem = split_extension(name)[0]
            found[stem] = (*found.get(stem, ()), name)
    return found


def _statements(controls: Mapping[str, ControlFile]) -> dict[str, tuple[Statement, ...]]:
    found: dict[str, tuple[Statement, ...]] = {}
    for control, parsed in controls.items():
        for line in parsed.lines:
            found[line.name] = (*found.get(line.name, ()), Statement(control, line))
    return found


def role_of(policy: CompletenessPolicy, name: str) -> Role | None:
    """Return what side file ``name`` is on this route; None for a file that carries data."""
    if EvidenceKind.CONTROL_FILE in policy.require and matches_shell(policy.control_file.pattern, name):
        return Role.CONTROL_FILE
    if EvidenceKind.CHECKSUM in policy.require and name.endswith(policy.checksum_suffix):
        return Role.CHECKSUM
    if EvidenceKind.DONE_MARKER in policy.require and name.endswith(policy.done_suffix):
        return Role.DONE_MARKER
    return None


def belongs_to(policy: CompletenessPolicy, name: str, role: Role, around: Surroundings) -> tuple[str, ...]:
    """Return the names of the data files that the side file ``name`` is about, present or not."""
    if role is Role.CONTROL_FILE:
        parsed = around.controls.get(name, ControlFile())
        return tuple(dict.fromkeys(line.name for line in parsed.lines))
    suffix = policy.checksum_suffix if role is Role.CHECKSUM else policy.done_suffix
    stem = name.removesuffix(suffix)
    if role is Role.DONE_MARKER and policy.done_replaces_extension:
        return around.stems.get(stem) or (f"{stem}.*",)
    return (stem,)


def marker_name(policy: CompletenessPolicy, name: str) -> str:
    """Return the name that the done marker of the file ``name`` has."""
    stem = split_extension(name)[0] if policy.done_replaces_extension else name
    return stem + policy.done_suffix

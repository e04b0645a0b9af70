"""The mappings of a catalogue, ready to work: read, checked against both formats, and locked.

A released mapping must be in the lock with the very bytes that it has, as a released format must. Most
sites have none: what works with one is imported when one is asked for.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.errors import FormatError, MappingInvalid
from gateway.formats.catalogue import Catalogue
from gateway.formats.digests import digests_of
from gateway.formats.versions import Status, Version

if TYPE_CHECKING:
    from gateway.formats.definition import Format
    from gateway.mappings.definition import Bound, End, FormatMapping

#: What tells that nothing changed since a mapping was checked: its file, and both formats.
_Stamp = tuple[int, int, int, str, str]


def parse_end(text: str) -> End:
    """Return the version that ``confirmation@2.0.0`` names; raises MappingInvalid if it names none."""
    from gateway.mappings.definition import End

    message_type, _at, version = text.partition("@")
    try:
        return End(message_type, Version.parse(version))
    except ValueError as error:
        raise MappingInvalid(str(error), hint="Write TYPE@1.2.3") from error


@dataclass(slots=True)
class Shelf:
    """Mappings that were asked for, kept until their files or formats change."""

    _kept: dict[Path, tuple[_Stamp, Bound]] = field(default_factory=dict)

    def bound(self, catalogue: Catalogue, source: Format, target: End) -> Bound:
        """Return the mapping from ``source`` to ``target``, with its target's definition.

        Raises MappingInvalid where there is none or it has problems; FormatNotLocked, FormatChanged or
        LockInvalid where it is not as it was released; FormatError for the target format.
        """
        from gateway.mappings.definition import End
        from gateway.mappings.loading import path_of

        wanted = catalogue.get(target.message_type, target.version)
        own = End(source.message_type, source.version)
        path = path_of(catalogue.directory, own, target)
        stamp = _stamp(path, source, wanted)
        if stamp is None:
            raise _missing(catalogue, own, target, path)
        if path not in self._kept or self._kept[path][0] != stamp:
            self._kept[path] = stamp, _checked(path, source, wanted)
        bound = self._kept[path][1]
        demand_locked(catalogue, bound.mapping)
        return bound


def _stamp(path: Path, source: Format, target: Format) -> _Stamp | None:
    try:
        status = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None  # a pipe would be waited for
    return status.st_ino, status.st_size, status.st_mtime_ns, source.digest, target.digest


def _missing(catalogue: Catalogue, source: End, target: End, path: Path) -> MappingInvalid:
    from gateway.mappings.loading import find

    known = ", ".join(str(one) for _source, one, _path in find(catalogue.directory, source.message_type))
    hint = f"Mappings of {source.message_type} lead to: {known or 'nothing'}"
    return MappingInvalid(f"There is no mapping from {source} to {target}", where=str(path), hint=hint)


def _checked(path: Path, source: Format, target: Format) -> Bound:
    from gateway.mappings.check import check_mapping
    from gateway.mappings.definition import Bound
    from gateway.mappings.loading import load_mapping

    mapping, document = load_mapping(path)
    problems = check_mapping(mapping, source, target, document)
    if problems:
        raise MappingInvalid(where=str(path), problems=problems)
    return Bound(mapping, source, target)


def demand_locked(catalogue: Catalogue, mapping: FormatMapping) -> None:
    """Raise FormatNotLocked, FormatChanged or LockInvalid where a mapping is not as it was released."""
    lock = catalogue.lock()
    if mapping.status is Status.DRAFT and lock.release(mapping.key) is None:
        return
    assert mapping.file is not None  # noqa: S101 - it was loaded from there
    try:
        found = digests_of(mapping.file.parent, [mapping.file.name])
    except OSError as error:
        raise FormatError("The mapping cannot be read", where=str(mapping.file), cause=error) from error
    lock.demand_unchanged(mapping.key, found, str(mapping.file.parent))

"""The lock of a catalogue: what was released, retired and approved, byte for byte, by whom and why.

It is a list of entries, the oldest first, and only ever grows: nothing in it is rewritten and there is
no unlocking. Each entry carries a hash over itself and the hash before it, so that an entry that was
edited or taken away shows. Pure: `formats.lock_file` reads the file, operations write it.

What is locked is an item, named by a key: a version (``confirmation 1.1.0``) or a mapping
(``confirmation mappings/1.1.0-to-2.0.0.yaml``).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.errors import ActionRefused, FormatChanged, FormatNotLocked
from gateway.formats.digests import Digests, FileDigest
from gateway.model import Problem

if TYPE_CHECKING:
    from gateway.formats.definition import Version


@dataclass(frozen=True, slots=True)
class Signature:
    """Who did something, when and why."""

    at: datetime  #: UTC
    by: str
    reason: str
    host: str = ""  #: the machine on which it was done; empty where that is nobody's business


@dataclass(frozen=True, slots=True)
class Release:
    """An item and the bytes that it has for ever."""

    item: str
    digest: str  #: over all its files, as `formats.digests` makes it
    files: tuple[FileDigest, ...]
    signed: Signature


@dataclass(frozen=True, slots=True)
class Retirement:
    """A released item that takes no files any more."""

    item: str
    signed: Signature


@dataclass(frozen=True, slots=True)
class Approval:
    """A change between two versions that was looked at and is meant."""

    fingerprint: str
    old: str  #: ``confirmation 1.0.0``
    new: str
    kind: str  #: of `formats.compare.kinds`
    path: str
    old_under_new: str  #: verdict for old files under the new version
    new_under_old: str
    why: str  #: what the comparison said, in both directions
    signed: Signature


Entry = Release | Retirement | Approval


@dataclass(frozen=True, slots=True)
class Lock:
    """All entries of a catalogue's lock."""

    entries: tuple[Entry, ...] = ()
    where: str = "formats.lock"  #: the file, for messages

    def release(self, item: str) -> Release | None:
        """Return how ``item`` was locked, or None if it was not."""
        return next(
            (one for one in self.entries if isinstance(one, Release) and one.item == item),
            None,
        )

    def retirement(self, item: str) -> Retirement | None:
        """Return how ``item`` was retired, or None if it was not."""
        return next(
            (one for one in self.entries if isinstance(one, Retirement) and one.item == item),
            None,
        )

    def unretired(self) -> list[str]:
        """Return the items that are locked and not retired, in the order of their release."""
        retired = {one.item for one in self.entries if isinstance(one, Retirement)}
        released = (one.item for one in self.entries if isinstance(one, Release))
        return [item for item in released if item not in retired]

    @property
    def approvals(self) -> Mapping[str, Approval]:
        """The approved changes by fingerprint; of several approvals of one change the first."""
        found: dict[str, Approval] = {}
        for one in self.entries:
            if isinstance(one, Approval):
                found.setdefault(one.fingerprint, one)
        return found

    def with_release(self, item: str, digests: Digests, signed: Signature, where: str = "") -> Lock:
        """Return the lock with ``item`` locked; the same lock if it is locked with these bytes already.

        ``where`` is the directory of its files, for messages. Raises FormatChanged if it is locked with
        other bytes.
        """
        if self.release(item) is not None:
            self.demand_unchanged(item, digests, where)
            return self
        return self._with(Release(item, digests.whole, digests.files, signed))

    def with_retirement(self, item: str, signed: Signature) -> Lock:
        """Return the lock with ``item`` retired; the same lock if it is retired already.

        Raises FormatNotLocked if it was never locked.
        """
        if self.release(item) is None:
            raise FormatNotLocked(f"{item} was never locked, so it cannot be retired", where=self.where)
        return self if self.retirement(item) else self._with(Retirement(item, signed))

    def with_approval(self, approval: Approval) -> Lock:
        """Return the lock with one more approval; raises ActionRefused if the change is approved already."""
        earlier = self.approvals.get(approval.fingerprint)
        if earlier is not None:
            raise ActionRefused(
                f"{approval.fingerprint} was approved by {earlier.signed.by} "
                f"on {earlier.signed.at.date()}: {earlier.signed.reason}",
                where=self.where,
            )
        return self._with(approval)

    def demand_unchanged(self, item: str, found: Digests, where: str = "") -> None:
        """Raise FormatChanged, naming every file, if ``item`` is locked with other bytes than ``found``.

        ``where`` is the directory of its files, for messages. Raises FormatNotLocked if it is not locked
        at all.
        """
        locked = self.release(item)
        if locked is None:
            raise FormatNotLocked(
                f"{item} is released and not in the lock", where=self.where, hint=NOT_LOCKED
            )
        problems = list(differences(locked, found.files, where or item))
        if problems or locked.digest != found.whole:
            raise FormatChanged(
                f"{item} is not as it was locked on {locked.signed.at.date()} by {locked.signed.by}",
                where=self.where,
                hint=CHANGED,
                problems=problems,
            )

    def _with(self, entry: Entry) -> Lock:
        return dataclasses.replace(self, entries=(*self.entries, entry))


#: What to do; nothing is ever repaired by the gateway itself.
NOT_LOCKED = 'A version is released with `gateway formats lock TYPE@VERSION --reason "..."`'
CHANGED = "Put the locked bytes back; what must change becomes a new version: `gateway formats new`"


def version_item(message_type: str, version: Version) -> str:
    """Return the key of a version in the lock: ``confirmation 1.1.0``."""
    return f"{message_type} {version}"


def mapping_item(message_type: str, file_name: str) -> str:
    """Return the key of a mapping: ``confirmation mappings/1.1.0-to-2.0.0.yaml``."""
    return f"{message_type} mappings/{file_name}"


def differences(locked: Release, found: tuple[FileDigest, ...], where: str) -> Iterator[Problem]:
    """Yield a problem for each file below ``where`` that is not as it was when it was locked."""
    was = {one.name: one for one in locked.files}
    now = {one.name: one for one in found}
    for name in sorted(was.keys() | now.keys()):
        place = f"{where}/{name}"
        if name not in now:
            yield Problem(place, "the file is missing since the release", allowed=_said(was[name]))
        elif name not in was:
            yield Problem(place, "the file was added after the release", found=_said(now[name]))
        elif now[name] != was[name]:
            yield Problem(
                place,
                "the file was changed after the release",
                found=_said(now[name]),
                allowed=_said(was[name]),
            )


def _said(file: FileDigest) -> str:
    return f"SHA-256 {file.sha256}, {file.size} bytes"

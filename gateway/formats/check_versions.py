"""Checks between the versions of one message type: what a file states means one version only."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gateway.complaints import Complaint
from gateway.formats.definition import Status
from gateway.formats.selection import version_texts

if TYPE_CHECKING:
    from gateway.formats.definition import Format


def shared_texts(versions: Sequence[Format]) -> Iterator[tuple[Format, Complaint]]:
    """Yield a complaint, with its version, for each text that an earlier of the ``versions`` has as well.

    Versions whose days do not overlap may share one: the day of arrival tells them apart. A retired
    version takes no files, so it takes no text either.
    """
    living = [one for one in versions if one.status is not Status.RETIRED]
    stating = [one for one in living if one.envelope.format_version is not None]
    for earlier, later in itertools.combinations(sorted(stating, key=lambda one: one.version), 2):
        if not _overlap(earlier, later):
            continue
        for index, text in enumerate(version_texts(later)):
            if text in version_texts(earlier):
                place = ("envelope", "format_version", "values", index)
                message = f"it means {earlier.version} already, which is in force on the same days"
                yield later, Complaint(place, message, text)


def _overlap(one: Format, other: Format) -> bool:
    latest_start = max(one.effective_from or "", other.effective_from or "")
    ends = [end for end in (one.effective_until, other.effective_until) if end is not None]
    return not ends or latest_start <= min(ends)

"""What a change of version does to real files: both versions read them, and the verdicts are held to it.

A file that is valid under one version and refused by the other, or read with another meaning, must
be explained by a change whose verdict in that direction is not ``ok``. If none is, the file contradicts
the comparison, and that is a fault of the gateway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from gateway.errors import CustodyError
from gateway.formats.compare.change import Comparison
from gateway.formats.definition import Format
from gateway.operations.impact_files import Candidate, belongs, size_of
from gateway.operations.impact_judging import Judge
from gateway.operations.impact_results import FileImpact, Impact, Limits

#: Files read together: so many, or so many bytes.
_TOGETHER, _BYTES_TOGETHER = 50, 8 * 1024 * 1024


def impact(
    old: Format,
    new: Format,
    comparison: Comparison,
    candidates: Iterable[Candidate],
    progress: Callable[[int], None] = lambda _count: None,
    limits: Limits = Limits(),  # noqa: B008 - frozen
) -> Impact:
    """Read every candidate of this message type under both versions and compare what comes of it.

    ``progress`` is told of files done. Files are only read; a file that cannot be is noted, not skipped
    in silence. Without limits, memory is needed for the differences of the files that are read together;
    what is listed of all the others is put aside. Raises FormatError where a definition cannot be applied,
    CustodyError where nothing can be put aside.
    """
    found = Impact(comparison, limits)
    judge = Judge(old, new, comparison, limits)
    for batch in _batches(candidates, (old, new), found):
        for one in _judged(judge, batch, found):
            found.add(one)
        progress(len(batch))
    return found


def _judged(judge: Judge, batch: list[Candidate], found: Impact) -> list[FileImpact]:
    """Return what becomes of the files; one that vanishes meanwhile is noted, and spoils no other."""
    try:
        return list(judge.files(batch, found))
    except CustodyError as error:
        if len(batch) == 1:
            found.leave_out(batch[0].path, error.message)
            return []
    return [each for one in batch for each in _judged(judge, [one], found)]


def _batches(
    candidates: Iterable[Candidate], versions: tuple[Format, Format], found: Impact
) -> Iterator[list[Candidate]]:
    """Yield the files that belong here, some at a time; what cannot be opened is noted."""
    batch: list[Candidate] = []
    room = _BYTES_TOGETHER
    for one in candidates:
        size = size_of(one)
        if size is None:
            found.leave_out(one.path, "it is missing, cannot be opened, or is no regular file")
            continue
        if not belongs(one, versions):
            found.others += 1
            continue
        if batch and (len(batch) >= _TOGETHER or size > room):
            yield batch
            batch, room = [], _BYTES_TOGETHER
        batch.append(one)
        room -= size
    if batch:
        yield batch

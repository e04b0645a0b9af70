"""What an impact lists of many files: the first in memory, all that come after in a temporary file.

What differs in a year of files may fit no memory. What is put aside is read again one at a time.
"""

from __future__ import annotations

import io
import pickle
import tempfile
from collections.abc import Sequence
from typing import IO, Any, Generic, TypeVar, overload

from gateway.custody.refusals import refusing
from gateway.operations.impact_causes import Cause

#: Differences that stay in memory.
_IN_MEMORY = 100_000

T = TypeVar("T")


class Kept(Sequence[T], Generic[T]):
    """What was added, in its order; nothing is left on the disk when it is forgotten."""

    def __init__(self, in_memory: int = _IN_MEMORY) -> None:
        """Keep what weighs ``in_memory`` together in memory, and put the rest aside."""
        self._room = in_memory
        self._first: list[T] = []
        self._places: list[int] = []
        self._file: IO[bytes] | None = None
        self._causes: dict[int, Cause] = {}  #: by identity: each stands behind many differences

    def add(self, one: T, weight: int) -> None:
        """Keep ``one`` with so many differences; raises CustodyError where it can be put nowhere."""
        self._room -= 1 + weight
        if self._room >= 0 and not self._places:
            self._first.append(one)
            return
        with refusing("put aside what was found in", tempfile.gettempdir()):
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lasts as long as this does
            self._places.append(self._file.seek(0, io.SEEK_END))
            self._file.write(self._packed(one))
            self._file.flush()

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._first) + len(self._places)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        """Return one, or some."""
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = range(len(self))[index]
        return self._first[at] if at < len(self._first) else self._unpacked(at - len(self._first))

    def _packed(self, one: T) -> bytes:
        packed = io.BytesIO()
        _Packer(packed, self._causes).dump(one)
        return packed.getvalue()

    def _unpacked(self, at: int) -> T:
        assert self._file is not None  # noqa: S101 - there are places
        with refusing("read what was put aside in", tempfile.gettempdir()):
            self._file.seek(self._places[at])
            found: T = _Unpacker(self._file, self._causes).load()
        return found


class _Packer(pickle.Pickler):
    """Writes everything but causes: of those, which one it is."""

    def __init__(self, stream: IO[bytes], causes: dict[int, Cause]) -> None:
        super().__init__(stream, protocol=pickle.HIGHEST_PROTOCOL)
        self._causes = causes

    def persistent_id(self, one: object) -> int | None:
        if not isinstance(one, Cause):
            return None
        self._causes[id(one)] = one
        return id(one)


class _Unpacker(pickle.Unpickler):
    """Reads it back; it is no other program's file: nobody else can open it."""

    def __init__(self, stream: IO[bytes], causes: dict[int, Cause]) -> None:
        super().__init__(stream)
        self._causes = causes

    def persistent_load(self, number: Any) -> Cause:
        return self._causes[number]

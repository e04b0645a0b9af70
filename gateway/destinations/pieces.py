"""What is written for one parcel: its data, and the small files that a receiver wants beside it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import Protocol

from gateway.custody.copies import READ_BYTES
from gateway.custody.look import open_regular
from gateway.custody.refusals import refusing
from gateway.destinations.base import Parcel


class SideFiles(Protocol):
    """The settings of side files; those of every kind of destination have them."""

    @property
    def done_marker(self) -> str | None:
        """Suffix of an empty file that gets its name after the data."""
        ...

    @property
    def checksum_file(self) -> str | None:
        """Suffix of a file with the digest of the data that gets its name before the data."""
        ...

    @property
    def checksum_algorithm(self) -> str:
        """Algorithm of that digest, as ``hashlib`` calls it."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of a parcel at its destination: the names it has, until it is whole and after that."""

    temporary: str
    final: str


@dataclass(frozen=True, slots=True)
class Pieces:
    """The files of one parcel, in the order in which they get their names."""

    checksum: Piece | None
    data: Piece
    marker: Piece | None

    def every(self) -> list[Piece]:
        """Return those there are, in that order."""
        return [piece for piece in (self.checksum, self.data, self.marker) if piece is not None]


def pieces_of(settings: SideFiles, temporary: str, target: str) -> Pieces:
    """Return the files of a parcel whose data is to be called ``target``, and ``temporary`` until then.

    Both may be paths; the names of the side files are made from them.
    """
    checksum, marker = settings.checksum_file, settings.done_marker
    return Pieces(
        checksum=Piece(f"{temporary}.checksum", target + checksum) if checksum else None,
        data=Piece(temporary, target),
        marker=Piece(f"{temporary}.marker", target + marker) if marker else None,
    )


def checksum_line(parcel: Parcel, algorithm: str) -> bytes:
    """Return the content of the checksum file, as ``sha256sum -c`` and its like read it.

    Raises CustodyError where the parcel has to be read for it and cannot be.
    """
    digest = parcel.sha256 if algorithm == "sha256" else _digest(parcel.path, algorithm)
    return f"{digest}  ".encode() + os.fsencode(parcel.target) + b"\n"


def _digest(path: str, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with open_regular(path) as file, refusing("read", path):
        while block := file.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()

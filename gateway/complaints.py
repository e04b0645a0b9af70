"""What is wrong with a document before it is given a line: where, what, and what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The way to a value: keys and list indexes (from 0).
Path_ = tuple[str | int, ...]


class Complaint(NamedTuple):
    """One thing wrong at a path of a document."""

    path: Path_
    message: str
    found: str | None = None
    allowed: str | None = None


def path_text(path: Path_) -> str:
    """Return ``path`` as people read it: ``records.item.key[2]``, list items counted from 1."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the one of ``known`` that ``word`` was probably meant to be, if any is near."""
    import difflib

    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return close[0] if close else None

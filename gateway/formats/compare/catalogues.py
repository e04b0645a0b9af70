"""Two catalogues compared: every version that is in both, and what came or went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.formats.compare.change import Change, Comparison, Demand, Judgement, Verdict
from gateway.formats.compare.definitions import compare

if TYPE_CHECKING:
    from gateway.formats.catalogue import Catalogue
    from gateway.formats.definition import Format, Version

_NEWER = Judgement(Verdict.OK, "Nothing that was read before is read otherwise.")
_UNREAD = Judgement(
    Verdict.BREAKING, "The other catalogue has no such version: nothing reads these files.", Demand()
)


def compare_catalogues(old: Catalogue, new: Catalogue) -> list[Comparison]:
    """Return a comparison for each message type and version in which the two differ.

    Versions of both with the same bytes are left out. Where the newest versions of a message type
    are not the same one, they are compared too: that is what a sender meets who follows the newest.
    Raises FormatError where a version cannot be read.
    """
    types = sorted({*old.message_types(), *new.message_types()})
    return [comparison for message_type in types for comparison in _message_type(old, new, message_type)]


def _message_type(old: Catalogue, new: Catalogue, message_type: str) -> Iterator[Comparison]:
    had, has = old.versions(message_type), new.versions(message_type)
    for version in sorted({*had, *has}):
        if version in had and version in has:
            yield from _both(old.look(message_type, version), new.look(message_type, version))
        else:
            yield _one(message_type, version, gone=version in had)
    if had and has and had[-1] != has[-1]:
        yield compare(old.look(message_type, had[-1]), new.look(message_type, has[-1]))


def _both(old: Format, new: Format) -> Iterator[Comparison]:
    if old.digest != new.digest:
        yield compare(old, new)


def _one(message_type: str, version: Version, *, gone: bool) -> Comparison:
    name = f"{message_type} {version}"
    kind = "format-removed" if gone else "format-added"
    change = Change(kind, name, name if gone else None, None if gone else name,
                    _UNREAD if gone else _NEWER, _NEWER if gone else _UNREAD)  # fmt: skip
    return Comparison(message_type, name if gone else "", "" if gone else name, "", "", (change,))

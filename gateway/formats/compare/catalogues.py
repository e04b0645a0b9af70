"""Two catalogues compared: every version that is in both, and what came or went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.errors import FormatError
from gateway.formats.compare.change import Change, Comparison, Demand, Judgement, Unread, Verdict
from gateway.formats.compare.definitions import compare

if TYPE_CHECKING:
    from gateway.formats.catalogue import Catalogue
    from gateway.formats.definition import Format, Version

Settle = Callable[["Format", "Format", Comparison], Comparison]

_NEWER = Judgement(Verdict.OK, "Nothing that was read before is read otherwise.")
_UNREAD = Judgement(
    Verdict.BREAKING, "The other catalogue has no such version: nothing reads these files.", Demand()
)


def compare_catalogues(
    old: Catalogue, new: Catalogue, settle: Settle = lambda _old, _new, comparison: comparison
) -> tuple[list[Comparison], list[Unread]]:
    """Return a comparison for each message type and version in which the two differ.

    Versions of both with the same bytes are left out. Where the newest versions of a message type
    are not the same one, they are compared too: that is what a sender meets who follows the newest.
    ``settle`` has the last word on a comparison. A version that cannot be read stops none of the others:
    those are returned besides.
    """
    found = _Catalogues(old, new, settle)
    for message_type in sorted({*old.message_types(), *new.message_types()}):
        found.compare(message_type)
    return found.comparisons, list(found.unread.values())


@dataclass(slots=True)
class _Catalogues:
    """Two catalogues, what is said of their versions, and the versions of which nothing can be said."""

    old: Catalogue
    new: Catalogue
    settle: Settle
    comparisons: list[Comparison] = field(default_factory=list)
    unread: dict[tuple[str, str], Unread] = field(default_factory=dict)  #: by catalogue and name

    def compare(self, message_type: str) -> None:
        """Add what is said of one message type."""
        had, has = self.old.versions(message_type), self.new.versions(message_type)
        for version in sorted({*had, *has}):
            old = self._look(self.old, "old", message_type, version) if version in had else None
            new = self._look(self.new, "new", message_type, version) if version in has else None
            if version in had and version in has:
                self._both(old, new)
            else:
                self.comparisons.append(_one(message_type, version, gone=version in had))
        if had and has and had[-1] != has[-1]:
            old = self._look(self.old, "old", message_type, had[-1])
            self._both(old, self._look(self.new, "new", message_type, has[-1]))

    def _look(self, catalogue: Catalogue, where: str, message_type: str, version: Version) -> Format | None:
        """Return a definition; None where it cannot be read, which is noted."""
        try:
            return catalogue.look(message_type, version)
        except FormatError as error:
            self._leave_out(f"{message_type} {version}", where, error)
            return None

    def _both(self, old: Format | None, new: Format | None) -> None:
        if old is None or new is None or old.digest == new.digest:
            return
        try:
            self.comparisons.append(self.settle(old, new, compare(old, new)))
        except FormatError as error:  # of a schema beside one of them
            self._leave_out(new.name, "old or new", error)

    def _leave_out(self, name: str, where: str, error: FormatError) -> None:
        self.unread[where, name] = Unread(name, where, tuple(error.lines()))


def _one(message_type: str, version: Version, *, gone: bool) -> Comparison:
    name = f"{message_type} {version}"
    kind = "format-removed" if gone else "format-added"
    change = Change(kind, name, name if gone else None, None if gone else name,
                    _UNREAD if gone else _NEWER, _NEWER if gone else _UNREAD)  # fmt: skip
    return Comparison(message_type, name if gone else "", "" if gone else name, "", "", (change,))

"""The state of a stream of control numbers, and the decision about one file of it."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gateway.finding_codes import finding
from gateway.printable import printable
from gateway.rules.ranges import Span, Spans
from gateway.rules.sequence_policy import Model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gateway.model import Finding

_NUMBER = re.compile(r"[0-9]{1,30}")


class Kind(enum.Enum):
    """How a file stands in its stream."""

    IN_ORDER = "in-order"
    HOLD = "hold"  #: its predecessor is missing; the route is strict
    GAP_REPORTED = "gap-reported"  #: its predecessor is missing; the route delivers and records
    LATE = "late"  #: its number was passed over: waived or reported missing
    OVERTAKEN = "overtaken"  #: a newer file of the stream was accepted before it
    REPEAT = "repeat"  #: its number was used by another file
    BROKEN = "broken"  #: it names a predecessor that already has another successor
    RESET = "reset"  #: the sender began to count anew
    WRAP = "wrap"  #: in order, and the counter went back to its beginning
    INVALID = "invalid"  #: no number, a reserved one, or one outside the counter


class Fate(enum.Enum):
    """What the pipeline does with the file."""

    GO = "go"
    HOLD = "hold"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Held:
    """A file that waits. ``number`` and ``previous`` are texts as the file wrote them."""

    transfer: str
    number: str
    since: datetime
    position: int = 0  #: counter: its place in the stream, over wraps and restarts
    previous: str = ""  #: chain: the number it names as its predecessor


@dataclass(frozen=True, slots=True)
class Epoch:
    """One uninterrupted count: at ``position`` of the stream the sender counted ``origin``."""

    position: int
    origin: int


@dataclass(frozen=True, slots=True)
class StreamState:
    """All that is known of one stream; it never ages out.

    A counter is kept in positions, which count files from 0 whatever the sender's numbers do:
    a wrap or a restart moves numbers, never positions. ``frontier`` is the position after the
    highest one seen, so every position below it has gone, is held, missing or waived.
    A chain keeps numbers where a counter keeps positions.
    """

    epochs: tuple[Epoch, ...] = ()
    frontier: int = 0
    missing: Spans = ()
    waived: Spans = ()
    held: tuple[Held, ...] = ()  #: counter: by position; chain: as they came
    last: str | None = None  #: the number accepted last, as text
    width: int = 0  #: digits of a number with leading zeros, for display
    recent: tuple[int, ...] = ()  #: chain: the numbers accepted last, newest at the end
    restarts: int = 0  #: how often the sender or an operator began anew
    freed: tuple[Held, ...] = ()  #: held under another model, to go with the next release

    @property
    def model(self) -> Model:
        """The model that the stream was counted by so far; NONE while nothing was accepted."""
        if self.epochs:
            return Model.COUNTER
        if self.recent:
            return Model.CHAIN
        return Model.NONE if self.last is None else Model.TIMESTAMP

    def evolve(self, **changes: Any) -> StreamState:
        """Return a copy with ``changes`` applied."""
        return replace(self, **changes)

    def text(self, number: int) -> str:
        """Return ``number`` as the sender writes it, leading zeros included."""
        return str(number).zfill(self.width)

    def to_dict(self) -> dict[str, Any]:
        """Return the state as JSON-ready data."""
        return {
            "epochs": [[epoch.position, epoch.origin] for epoch in self.epochs],
            "frontier": self.frontier,
            "missing": [_span_to_list(span) for span in self.missing],
            "waived": [_span_to_list(span) for span in self.waived],
            "held": [_held_to_dict(held) for held in self.held],
            "last": self.last,
            "width": self.width,
            "recent": list(self.recent),
            "restarts": self.restarts,
            "freed": [_held_to_dict(held) for held in self.freed],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> StreamState:
        """Return the state that ``to_dict`` wrote; an empty mapping is a stream never seen."""
        return cls(
            epochs=tuple(Epoch(*pair) for pair in data.get("epochs", ())),
            frontier=data.get("frontier", 0),
            missing=tuple(_span_from_list(row) for row in data.get("missing", ())),
            waived=tuple(_span_from_list(row) for row in data.get("waived", ())),
            held=tuple(_held_from_dict(row) for row in data.get("held", ())),
            last=data.get("last"),
            width=data.get("width", 0),
            recent=tuple(data.get("recent", ())),
            restarts=data.get("restarts", 0),
            freed=tuple(_held_from_dict(row) for row in data.get("freed", ())),
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one file, and the stream's state if the ledger commits to it."""

    kind: Kind
    fate: Fate
    state: StreamState
    finding: Finding | None = None
    waiting_for: str | None = None  #: the first numbers it waits for, in words: ``5`` or ``5 to 6``


@dataclass(frozen=True, slots=True)
class Release:
    """Held files that may go now, in this order, and the state without them."""

    state: StreamState
    held: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers that should have come and have not, for display."""

    first: str
    last: str
    count: int
    since: datetime

    def __str__(self) -> str:
        """Return the number, or the first and the last."""
        return self.first if self.count == 1 else f"{self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class Waiver:
    """What a waiver changed: the state, and the gaps that are given up now."""

    state: StreamState
    waived: tuple[Gap, ...]


def as_number(text: str | None) -> int | None:
    """Return the whole number that ``text`` writes in the digits 0 to 9; None if it does not."""
    return int(text) if text is not None and _NUMBER.fullmatch(text) else None


def is_reserved(number: int, reserved: tuple[str, ...]) -> bool:
    """Return whether ``number`` is one of the ``reserved`` ones; ``00000`` reserves 0."""
    return any(as_number(text) == number for text in reserved)


def seen_width(state: StreamState, text: str) -> int:
    """Return how many digits the stream's numbers have; 0 while none had a leading zero."""
    if text.startswith("0") and len(text) > 1:
        return max(state.width, len(text))
    return state.width


def invalid(state: StreamState, text: str | None, why: str) -> Decision:
    """Return the decision about a file whose control number says nothing."""
    shown = printable(text or "")
    message = f"The control number {shown} cannot be used: {why}" if text else "There is no control number"
    return Decision(Kind.INVALID, Fate.FAIL, state, finding("F802", message, value=shown or None))


def _span_to_list(span: Span) -> list[Any]:
    return [span.first, span.last, span.since.isoformat()]


def _span_from_list(row: list[Any]) -> Span:
    return Span(row[0], row[1], datetime.fromisoformat(row[2]))


def _held_to_dict(held: Held) -> dict[str, Any]:
    return {
        "transfer": held.transfer,
        "number": held.number,
        "since": held.since.isoformat(),
        "position": held.position,
        "previous": held.previous,
    }


def _held_from_dict(row: Mapping[str, Any]) -> Held:
    return Held(
        row["transfer"], row["number"], datetime.fromisoformat(row["since"]), row["position"], row["previous"]
    )

"""The one table of legal transitions of a transfer; every other transition is refused."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import IllegalTransition
from gateway.model import State


@dataclass(frozen=True, slots=True)
class Transition:
    """One legal move; ``None`` stands for "not in the ledger"."""

    old: State | None
    new: State | None
    when: str


TRANSITIONS = (
    Transition(None, State.ARRIVED, "proved complete; the intent to claim it is committed"),
    Transition(State.ARRIVED, State.CLAIMED, "moved into the working directory"),
    Transition(State.ARRIVED, State.WITHDRAWN, "the sender changed it or took it back before the claim"),
    Transition(State.CLAIMED, State.HELD, "valid, but its predecessor is missing"),
    Transition(State.CLAIMED, State.DELIVERING, "accepted"),
    Transition(State.CLAIMED, State.PROCESSED, "empty, and the route archives empty files without delivery"),
    Transition(State.CLAIMED, State.FAILED, "not accepted"),
    Transition(State.CLAIMED, State.DUPLICATE, "set aside as a duplicate"),
    Transition(State.HELD, State.DELIVERING, "released"),
    Transition(State.HELD, State.FAILED, "its deadline passed"),
    Transition(State.DELIVERING, State.PROCESSED, "every destination has confirmed"),
    Transition(State.FAILED, State.REPLAY, "an operator asked for a reprocess"),
    Transition(State.PROCESSED, State.REPLAY, "an operator asked for a replay"),
    Transition(State.DUPLICATE, State.REPLAY, "an operator says that it is to be processed"),
    Transition(State.REPLAY, State.CLAIMED, "taken by a pass as a new attempt"),
    Transition(State.REPLAY, State.DELIVERING, "a processed file is delivered again, from the archive"),
)

_LEGAL = frozenset((move.old, move.new) for move in TRANSITIONS)

#: States in which a file rests: its disposition is known and its manifest written.
SETTLED = frozenset({State.PROCESSED, State.FAILED, State.DUPLICATE})

#: States that recovery looks at after a crash: somebody still has to act.
OPEN = frozenset(State) - SETTLED - {State.WITHDRAWN}


def allowed(old: State | None, new: State | None) -> bool:
    """Return whether the table has a move from ``old`` to ``new``."""
    return (old, new) in _LEGAL


def check(old: State | None, new: State | None, transfer: str = "") -> None:
    """Let a legal move pass; ``transfer`` is named in the refusal.

    Raises IllegalTransition for every move that is not in the table, staying included.
    """
    if not allowed(old, new):
        ways = ", ".join(_word(move.new) for move in TRANSITIONS if move.old is old) or "nothing"
        raise IllegalTransition(
            f"A transfer cannot go from {_word(old)} to {_word(new)}",
            where=transfer or None,
            hint=f"From {_word(old)} it can go to: {ways}",
        )


def transitions_markdown() -> str:
    """Return the table as Markdown for the documentation."""
    rows = [f"| {_word(move.old)} | {_word(move.new)} | {move.when} |" for move in TRANSITIONS]
    return "\n".join(["| from | to | when |", "|---|---|---|", *rows]) + "\n"


def transitions_mermaid() -> str:
    """Return the table as a mermaid state diagram for the documentation."""
    arrows = [
        f"    {move.old.value if move.old else '[*]'} --> {move.new.value if move.new else '[*]'}"
        for move in TRANSITIONS
    ]
    return "\n".join(["stateDiagram-v2", *arrows]) + "\n"


def _word(state: State | None) -> str:
    return state.value if state else "(unknown)"

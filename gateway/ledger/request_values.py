"""What an operator asks for and the next pass carries out."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from gateway.model import Actor


class RequestState(enum.Enum):
    """How far a request has come."""

    OPEN = "open"  #: written down; the next pass over the route takes it
    DONE = "done"  #: carried out, or refused: the outcome says which


@dataclass(frozen=True, slots=True)
class Request:
    """One wish of an operator: reprocess, replay, release and the like."""

    id: str
    kind: str
    route: str
    actor: Actor
    reason: str
    created_at: datetime
    transfer: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    state: RequestState = RequestState.OPEN
    done_at: datetime | None = None
    outcome: str | None = None

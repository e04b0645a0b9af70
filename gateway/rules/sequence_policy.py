"""What a route asks of the order of its files."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Model(enum.Enum):
    """How control numbers of a stream relate."""

    COUNTER = "counter"  #: contiguous, with start, step and wrap
    CHAIN = "chain"  #: each file names its predecessor
    TIMESTAMP = "timestamp"  #: monotonic: shows overtaking, not gaps
    NONE = "none"


class Order(enum.Enum):
    """What a route does when the predecessor is missing."""

    STRICT = "strict"  #: hold until the gap is filled
    REPORT = "report"  #: deliver and record the gap


class Expired(enum.Enum):
    """What happens to a held file when its deadline passes."""

    ALERT = "alert"  #: it stays held and is reported
    FAIL = "fail"  #: it goes to failed with F803


class Late(enum.Enum):
    """What happens to a file whose number was passed over (waived or reported) or overtaken."""

    FAIL = "fail"
    ACCEPT = "accept"


@dataclass(frozen=True, slots=True)
class SequencePolicy:
    """The order a route asks for."""

    model: Model = Model.NONE
    order: Order = Order.STRICT
    number_from: str = "envelope"  #: ``envelope`` or ``name`` (group ``control`` of the pattern)
    start: int | None = None  #: counter: first number; None: the first one seen
    step: int = 1
    wrap_after: int | None = None  #: counter: after this number comes ``wrap_to``
    wrap_to: int = 1
    reserved: tuple[str, ...] = ()  #: numbers that are never valid (VDA: 00000)
    largest_jump: int | None = None  #: counter: a number that leaves out more is invalid; None: any
    reset_to: int | None = None  #: counter: a file with this number is a declared restart by the sender
    hold_seconds: float = 86400.0  #: deadline of a hold
    expired: Expired = Expired.ALERT
    late: Late = Late.FAIL

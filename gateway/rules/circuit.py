"""Is a place that failed left alone now? Its circuit is closed, open, or half-open.

Closed: the place is used, and failures in a row are counted. After so many as the policy says the
circuit opens: nobody asks the place until the next probe is due, later after every probe that
fails. Half-open: one probe is under way, and everybody else waits for its outcome. A place that
answered has no circuit at all.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from gateway.rules import retry

#: A probe of which nothing was heard for so long (a crash) is taken for lost: another one may go.
PROBE_SECONDS = 120.0
#: Who meets a probe under way asks again after this time.
PATIENCE_SECONDS = 5.0


class CircuitPolicy(retry.Backoff, Protocol):
    """When a circuit opens and is probed; ``config.settings.RetryPolicy`` is one."""

    @property
    def open_after(self) -> int:
        """Failures in a row of the place as a whole, after which its circuit opens."""
        ...


class CircuitState(enum.Enum):
    """Whether a place that failed is asked."""

    CLOSED = "closed"  #: it is; failures in a row are counted
    OPEN = "open"  #: not before the next probe
    HALF_OPEN = "half-open"  #: by one probe that is under way


@dataclass(frozen=True, slots=True)
class Circuit:
    """How a place has answered since it failed first."""

    place: str
    state: CircuitState
    failures: int  #: in a row
    since: datetime  #: of the first of them
    next_probe_at: datetime | None  #: open: when it is asked again; half-open: when the probe is given up
    last_error: str | None
    changed_at: datetime


class Step(enum.Enum):
    """What somebody who wants something of a place does."""

    GO = "go"
    PROBE = "probe"  #: go with little, and let the others wait for the outcome
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and until when where that is to wait."""

    step: Step
    until: datetime | None = None


def decide(policy: CircuitPolicy, circuit: Circuit | None, now: datetime) -> Decision:
    """Return whether the place of ``circuit`` (None: it never failed) may be asked at ``now``."""
    if circuit is None or circuit.state is CircuitState.CLOSED or circuit.next_probe_at is None:
        return Decision(Step.GO)
    if _has_come(policy, circuit, circuit.next_probe_at, now):
        return Decision(Step.PROBE)
    if circuit.state is CircuitState.HALF_OPEN:
        patience = now + timedelta(seconds=PATIENCE_SECONDS)
        return Decision(Step.WAIT, min(circuit.next_probe_at, patience))
    return Decision(Step.WAIT, circuit.next_probe_at)


def _has_come(policy: CircuitPolicy, circuit: Circuit, moment: datetime, now: datetime) -> bool:
    """A moment later than any that could be named now was written by a clock that was set back since."""
    lease = now + timedelta(seconds=PROBE_SECONDS + 1)
    latest = lease if circuit.state is CircuitState.HALF_OPEN else retry.latest_try(policy, now)
    return moment <= now or moment > latest


def probing(circuit: Circuit, now: datetime) -> Circuit:
    """Return ``circuit`` with a probe under way."""
    lease = now + timedelta(seconds=PROBE_SECONDS)
    return replace(circuit, state=CircuitState.HALF_OPEN, next_probe_at=lease, changed_at=now)


def after_failure(
    policy: CircuitPolicy, circuit: Circuit | None, place: str, error: str, now: datetime, random: float
) -> Circuit:
    """Return the circuit of ``place`` after it failed; ``random`` is a number from 0 to 1 for the jitter.

    A failure that comes in while the circuit is open belongs to work that began before: it counts
    no more, or parallel work would push the next probe far away.
    """
    if circuit is None:
        circuit = Circuit(place, CircuitState.CLOSED, 0, now, None, None, now)
    if circuit.state is CircuitState.OPEN:
        return circuit
    failures = circuit.failures + 1
    opens = circuit.state is CircuitState.HALF_OPEN or failures >= policy.open_after
    return replace(
        circuit,
        state=CircuitState.OPEN if opens else CircuitState.CLOSED,
        failures=failures,
        next_probe_at=retry.next_try(policy, failures, now, random) if opens else None,
        last_error=error,
        changed_at=now,
    )

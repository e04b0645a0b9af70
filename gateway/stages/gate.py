"""The one way to a place that may be down: asked while its circuit is closed, left alone while it is open.

Everything that opens a session with a server, or writes into a destination, does so inside `reached`.
What is counted are failures of the place as a whole: nobody answers, its host key is not trusted, the
login is refused, the directory is not mounted. That one file is refused says nothing about the others.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime

from gateway.config.settings import Destination, RetryPolicy, SftpDestination
from gateway.errors import (
    CircuitOpen,
    ConfigurationError,
    DestinationError,
    GatewayError,
    HostKeyChanged,
    HostKeyUnknown,
    LoginRefused,
    NoCommonAlgorithm,
    ServerError,
    ServerUnreachable,
    SourceError,
)
from gateway.events import event
from gateway.ledger import audit, circuits
from gateway.ledger.engine import Connection
from gateway.model import AuditEntry
from gateway.rules import circuit as rules
from gateway.rules.circuit import Circuit, CircuitState, Step
from gateway.stages.context import Context

_SERVER_FAILURES = (ServerUnreachable, HostKeyUnknown, HostKeyChanged, LoginRefused, NoCommonAlgorithm)


@dataclass(slots=True)
class Reach:
    """How a place is met, and what it answered."""

    is_probe: bool = False  #: it was down: try it with little
    failure: GatewayError | None = None  #: the first failure of the place as a whole
    until: datetime | None = None  #: after the block: when it is asked again, where its circuit is open

    def saw(self, results: Iterable[GatewayError | None]) -> None:
        """Take note of errors that are results: a batch whose connection broke raises nothing."""
        for result in results:
            for error in (result, getattr(result, "cause", None)):
                if self.failure is None and isinstance(error, _SERVER_FAILURES):
                    self.failure = error


def server_place(name: str) -> str:
    """Return what the circuit of a server is called."""
    return f"server {name}"


def destination_place(route: str, settings: Destination) -> str:
    """Return what the circuit of a destination is called: routes share that of a server, no directory's."""
    if isinstance(settings, SftpDestination):
        return server_place(settings.server)
    return f"route {route} destination {settings.name}"


def server_reached(context: Context, name: str) -> AbstractContextManager[Reach]:
    """Meet the server called ``name``; raises as `reached`, and ConfigurationError if there is none."""
    try:
        policy = context.site.server(name).retry
    except KeyError as error:
        hint = "Configure it again; the files wait for it"
        raise ConfigurationError(f"There is no server {name!r} in the configuration", hint=hint) from error
    return reached(context, server_place(name), policy)


@contextmanager
def reached(context: Context, place: str, policy: RetryPolicy) -> Iterator[Reach]:
    """Let the block ask ``place`` for something, and remember whether it answered.

    A block that ends, or raises what is no failure of the place, has been answered. Blocks of one
    place are not nested, and hold what they need the place for only: a probe keeps the others waiting.

    Raises CircuitOpen, without the block, while the place is left alone.
    """
    reach = Reach(_enter(context, place, policy))
    try:
        yield reach
    except GatewayError as error:
        if _is_of_place(error):
            reach.failure = error
        elif not isinstance(error, SourceError | DestinationError):
            raise  # the gateway's own trouble (ledger, disk) says nothing about the place
        _leave(context, place, policy, reach)
        raise
    _leave(context, place, policy, reach)


def is_of_server(error: GatewayError) -> bool:
    """Return whether ``error`` says that a server as a whole is not to be had, and not one file of it."""
    return isinstance(error, (*_SERVER_FAILURES, CircuitOpen))


def _is_of_place(error: GatewayError) -> bool:
    """Of a server only some errors are; of a folder every error that stops more than one file."""
    if isinstance(error, ServerError):
        return isinstance(error, _SERVER_FAILURES)
    return isinstance(error, SourceError | DestinationError)


def _enter(context: Context, place: str, policy: RetryPolicy) -> bool:
    """Return whether this is a probe; only one of those who come at once is."""
    with context.ledger.read() as connection:
        known = circuits.load(connection, place)
    if _decided(context, policy, known) is Step.GO:
        return False
    with context.ledger.write() as connection:
        # looked at again, by a clock read again: somebody may have begun the probe meanwhile
        known = circuits.load(connection, place)
        step = _decided(context, policy, known)
        if step is Step.PROBE and known is not None:
            circuits.save(connection, rules.probing(known, context.clock.now()))
    return step is Step.PROBE


def _decided(context: Context, policy: RetryPolicy, circuit: Circuit | None) -> Step:
    """Return whether to go or to probe; raises CircuitOpen where that is to wait."""
    decision = rules.decide(policy, circuit, context.clock.now())
    if circuit is not None and decision.until is not None:
        raise _left_alone(circuit, decision.until)
    return decision.step


def _left_alone(circuit: Circuit, until: datetime) -> CircuitOpen:
    error = CircuitOpen(
        f"Nobody gets through since {circuit.since:%Y-%m-%d %H:%M:%S} UTC "
        f"({circuit.failures} failures in a row); asked again at {until:%H:%M:%S} UTC",
        where=circuit.place,
        hint=f"The last failure: {circuit.last_error}" if circuit.last_error else None,
    )
    error.until, error.place = until, circuit.place
    return error


def _leave(context: Context, place: str, policy: RetryPolicy, reach: Reach) -> None:
    if isinstance(reach.failure, ServerError):
        reach.failure.place = place
    if reach.failure is None:
        _answered(context, place)
    elif not context.stopping():  # a session that the end of the service broke is nobody's failure
        _failed(context, place, policy, reach, str(reach.failure))


def _answered(context: Context, place: str) -> None:
    with context.ledger.read() as connection:
        if circuits.load(connection, place) is None:
            return
    with context.ledger.write() as connection:
        known = circuits.load(connection, place)
        if known is not None:
            note_circuit(context, connection, known, None, "It answers again")
            circuits.remove(connection, place)
    if _is_open(known):
        event("circuit-closed", place=place)


def _failed(context: Context, place: str, policy: RetryPolicy, reach: Reach, error: str) -> None:
    now = context.clock.now()
    with context.ledger.write() as connection:
        known = circuits.load(connection, place)
        jitter = random.random()  # noqa: S311 - jitter, not a secret
        after = rules.after_failure(policy, known, place, error, now, jitter)
        note_circuit(context, connection, known, after)
        circuits.save(connection, after)
    if _is_open(after) and not _is_open(known):
        until, first_line = after.next_probe_at, error.partition("\n")[0]
        event("circuit-opened", place=place, tries=after.failures, until=until, error=first_line)
    reach.until = after.next_probe_at


def note_circuit(
    context: Context,
    connection: Connection,
    before: Circuit | None,
    after: Circuit | None,
    reason: str | None = None,
) -> None:
    """Put on record that a circuit opened or closed, and why; probes in between are no news."""
    is_open, told = _is_open(after), after or before
    if _is_open(before) == is_open or told is None:
        return
    entry = AuditEntry(
        at=context.clock.now(),
        actor=context.actor,
        action="circuit-opened" if is_open else "circuit-closed",
        object_type="place",
        object_id=told.place,
        new={"since": told.since.isoformat(), "failures": told.failures},
        reason=reason or told.last_error,
        versions=context.versions,
    )
    audit.append(connection, [entry])


def _is_open(circuit: Circuit | None) -> bool:
    """Whether the place is left alone, probes aside."""
    return circuit is not None and circuit.state is not CircuitState.CLOSED

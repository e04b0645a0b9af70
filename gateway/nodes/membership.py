"""This process as one of the nodes of a site: it says that it is there, renews its leases, and shares routes.

A thread asks the ledger several times in the time that a lease lasts, also while a long pass is at work. What
the ledger does not answer costs the leases when their time is over; they are taken again, here or elsewhere.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from gateway import __version__
from gateway.custody.shared_layout import SharedLayout
from gateway.errors import AuditBroken, GatewayError, LeaseLost
from gateway.events import event
from gateway.ledger import leases, migrations, nodes
from gateway.ledger.engine import Connection
from gateway.ledger.ids import grow_from, new_id
from gateway.ledger.nodes import SERVICE, Node
from gateway.ledger.transfers import greatest_id
from gateway.nodes.fencing import FencedLedger, Holding
from gateway.rules.leases import MARGIN, RENEWALS, Lease, Plan, Standing, decide
from gateway.stages.anchoring import testify
from gateway.stages.context import Context

_LOG = logging.getLogger(__name__)

#: After a time when the ledger did not answer, it is asked again so soon.
_AGAIN_SECONDS = 1.0
#: What is for one node at a time and belongs to no route.
ALERTS = "alerts"


def lease_of(route: str) -> str:
    """Return the name of the lease on a route."""
    return f"route {route}"


class Membership:
    """One node, from the beginning of the block to its end; a context manager, for many threads."""

    def __init__(self, context: Context, node: Node, *, only: str | None = None) -> None:
        """Work as ``node`` on the routes of ``context``, or on ``only`` one."""
        self._ledger, self._clock = context.ledger, context.clock
        self.node = node
        self._only = only
        self.plan(context)
        self._lock = threading.Lock()
        self._held: dict[str, Holding] = {}
        self._users: dict[str, int] = {}
        self._leaving: set[str] = set()
        self._layouts: dict[str, tuple[Holding, SharedLayout]] = {}
        self._preparing = threading.Lock()
        self._wake: Callable[[str], None] = lambda _route: None
        self._asked = threading.Condition(self._lock)
        self._is_ending = False
        self._error: str | None = None
        self._others: frozenset[str] = frozenset()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)

    def plan(self, context: Context) -> None:
        """Share the routes of ``context`` from now on."""
        self._context = context
        routes = [route.name for route in context.site.routes if route.enabled]
        chosen = [name for name in routes if self._only in (None, name)]
        self._wanted = tuple(map(lease_of, chosen))
        self._seconds = context.site.service.lease_seconds
        self._configuration = context.site.digest

    def __enter__(self) -> Membership:
        """Register, and take what is free; raises LedgerError."""
        with self._ledger.write() as connection:
            self._join(connection)
        self._turn()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Give everything back; what the ledger does not take now runs out by itself."""
        with self._asked:
            self._is_ending = True
            self._asked.notify_all()
        self._thread.join()
        try:
            with self._ledger.write() as connection:
                tokens = {name: one.token for name, one in self._held.items() if not self._users.get(name)}
                leases.give_back(connection, self.node.node, tokens, nodes.database_time(connection))
                nodes.leave(connection, self.node.node)
        except GatewayError as error:
            event("problem", code=error.code, error=" ".join(error.lines()))
        for holding in self._held.values():
            holding.lose()

    def listen(self, wake: Callable[[str], None]) -> None:
        """Call ``wake`` with each route that comes to this node, and now with those it has."""
        self._wake = wake
        with self._lock:
            mine = list(self._held)
        self._tell(mine)

    def has(self, route: str) -> bool:
        """Return whether this node works on ``route`` now."""
        return self._has(lease_of(route))

    @property
    def tells(self) -> bool:
        """Whether it is this node that sends the alerts."""
        return self._only is not None or self._has(ALERTS)

    @contextlib.contextmanager
    def turn(self, route: str, context: Context) -> Iterator[Context | None]:
        """Give what one pass over ``route`` works with; None where it is not this node's turn."""
        name = lease_of(route)
        with self._lock:
            holding = self._held.get(name)
            if holding is None or holding.is_over or name in self._leaving:
                holding = None
            else:
                self._users[name] = self._users.get(name, 0) + 1
        if holding is None:
            yield None
            return
        try:
            yield self._ready(route, context, holding)
        finally:
            with self._asked:
                self._users[name] -= 1
                if name in self._leaving:
                    self._asked.notify_all()

    def _has(self, name: str) -> bool:
        with self._lock:
            holding = self._held.get(name)
            return holding is not None and not holding.is_over and name not in self._leaving

    def _ready(self, route: str, context: Context, holding: Holding) -> Context | None:
        """Return what a pass works with; None, and the log says why, where it cannot be taken over now."""
        try:
            return self._equipped(route, context, holding)
        except LeaseLost:
            return None
        except GatewayError as error:
            event("problem", route=route, code=error.code, error=" ".join(error.lines()))
            return None

    def _equipped(self, route: str, context: Context, holding: Holding) -> Context:
        stopping = context.stopping
        return dataclasses.replace(
            context,
            ledger=FencedLedger(context.ledger, holding),
            layout=self._layout(route, context, holding),
            stopping=lambda: stopping() or holding.is_over,
            fence=f"t{holding.token}",
        )

    def _layout(self, route: str, context: Context, holding: Holding) -> SharedLayout:
        """Return the paths of this owner; the first time what is in work becomes its own."""
        with self._preparing:
            known = self._layouts.get(route)
            if known is None or known[0] is not holding:
                holding.demand()
                known = (holding, SharedLayout(context.site.directory).owned(route, holding.token))
                self._layouts[route] = known
            return known[1]

    def _run(self) -> None:
        while self._rest():
            try:
                self._turn()
            except GatewayError as error:
                self._tell_error(error)
            except Exception:  # noqa: BLE001 - without this thread every lease would run out
                _LOG.exception("leases could not be renewed")
                self._error = "internal-error"
            else:
                self._error = None

    def _tell_error(self, error: GatewayError) -> None:
        """Log what keeps the leases from being renewed, once; let all nodes know of lost commits."""
        if self._error != error.code:
            event("problem", code=error.code, error=" ".join(error.lines()))
        self._error = error.code
        if isinstance(error, AuditBroken):
            with contextlib.suppress(GatewayError):  # it is tried again with the next turn
                testify(self._context)

    def _rest(self) -> bool:
        """Wait until it is time to ask again; return whether it goes on."""
        seconds = self._seconds / RENEWALS
        with self._asked:
            if self._is_ending:
                return False
            self._asked.wait(min(seconds, _AGAIN_SECONDS) if self._error else seconds)
            return not self._is_ending

    def _turn(self) -> None:
        """Renew, look who is there, take and give back."""
        asked = self._clock.monotonic()
        lasting = timedelta(seconds=self._seconds)
        held = dict(self._held)
        with self._ledger.note() as connection:
            migrations.refuse_newer(migrations.version_of(connection), self._ledger.path)
            now = nodes.database_time(connection)
            kept = leases.renew(
                connection, self.node.node, {name: one.token for name, one in held.items()}, now + lasting
            )
            if not nodes.seen(connection, self.node.node, self._configuration, now):
                self._join(connection)
            known = leases.every(connection)
            there = nodes.present(connection, now - lasting)
        until = asked + self._seconds * (1 - MARGIN)
        for name, one in held.items():
            if name in kept:
                one.renewed(until)
            else:
                self._drop(name)
                event("lease-lost", lease=name, tries=one.token)
        self._compare(there)
        sharing = [one.node for one in there if one.kind == SERVICE]
        patience = lasting / RENEWALS * 2
        plans = [
            decide(Standing(self.node.node, now, wanted, known, sharing, patience))
            for wanted in (self._wanted, () if self._only else (ALERTS,))  # alerts are no part of the share
        ]
        self._carry_out(Plan(plans[0].take + plans[1].take, plans[0].give), known)

    def _carry_out(self, plan: Plan, known: Mapping[str, Lease]) -> None:
        unwanted = {name for name in self._held if name not in (*self._wanted, ALERTS)}
        with self._lock:
            self._leaving |= {*plan.give, *unwanted} & self._held.keys()
            going = {name: self._held[name] for name in self._leaving if not self._users.get(name)}
        if not going and not plan.take:
            return
        asked = self._clock.monotonic()
        with self._ledger.write() as connection:
            now = nodes.database_time(connection)
            tokens = {name: one.token for name, one in going.items()}
            leases.give_back(connection, self.node.node, tokens, now)
            lasting = timedelta(seconds=self._seconds)
            taken = leases.take(connection, self.node.node, plan.take, now, now + lasting)
            # the owner before made ids by its own clock: those of a route grow in the order of arrival
            grow_from(greatest_id(connection))
        for name, one in going.items():
            self._drop(name)
            event("lease-given", lease=name, tries=one.token)
        until = asked + self._seconds * (1 - MARGIN)
        with self._lock:
            for name, token in taken.items():
                self._held[name] = Holding(name, self.node.node, token, self._clock.monotonic, until)
        for name, token in taken.items():
            before = known.get(name)
            event("lease-taken", lease=name, tries=token, before=(before.node if before else None) or "")
        self._tell(list(taken))

    def _drop(self, name: str) -> None:
        """Work on ``name`` no more; passes that still do find that out."""
        with self._lock:
            holding = self._held.pop(name)
            self._leaving.discard(name)
        holding.lose()

    def _tell(self, names: list[str]) -> None:
        for name in names:
            kind, _space, route = name.partition(" ")
            if kind == "route":
                self._wake(route)

    def _join(self, connection: Connection) -> None:
        now = nodes.database_time(connection)
        nodes.join(connection, dataclasses.replace(self.node, started_at=now, seen_at=now))

    def _compare(self, there: list[Node]) -> None:
        """Say, once, which other nodes work with another configuration or gateway version."""
        mine = (self._configuration, __version__)
        others = frozenset(one.name for one in there if (one.configuration, one.gateway_version) != mine)
        if others - self._others:
            event("nodes-differ", nodes=sorted(others))
        self._others = others


def this_node(context: Context, *, kind: str) -> Node:
    """Return how this process presents itself, with times by its own clock: the database sets others."""
    now, host = context.clock.now(), socket.gethostname()
    return Node(
        node=new_id(now),
        name=f"{host}-{os.getpid()}",
        kind=kind,
        host=host,
        pid=os.getpid(),
        configuration=context.site.digest,
        gateway_version=__version__,
        started_at=now,
        seen_at=now,
    )

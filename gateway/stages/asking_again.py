"""Places that are left alone are asked at once when somebody has changed what may have kept them away."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from gateway.ledger import circuits, deliveries
from gateway.rules.circuit import CircuitState
from gateway.stages.context import Context
from gateway.stages.gate import destination_place, note_circuit, server_place


def ask_again(context: Context, places: Collection[str]) -> None:
    """Let the next pass probe those of ``places`` whose circuits are open, and try what waits for them."""
    now = context.clock.now()
    with context.ledger.write() as connection:
        for circuit in circuits.every(connection):
            if circuit.place in places and circuit.state is CircuitState.OPEN:
                circuits.save(connection, dataclasses.replace(circuit, next_probe_at=now, changed_at=now))
        for route in context.site.routes:
            for destination in route.destinations:
                if destination_place(route.name, destination) in places:
                    deliveries.call_forward(connection, route.name, destination.name, now)


def take_up(context: Context) -> None:
    """Ask every place again whose circuit is open, as the configuration is another one.

    A place that the configuration has no more is forgotten: nobody would ever ask it again.
    """
    places = {server_place(server.name) for server in context.site.servers}
    for route in context.site.routes:
        places |= {destination_place(route.name, one) for one in route.destinations}
    with context.ledger.read() as connection:
        known = circuits.every(connection)
    if not known:
        return
    with context.ledger.write() as connection:
        for circuit in known:
            if circuit.place not in places:
                note_circuit(context, connection, circuit, None, "It is no longer in the configuration")
                circuits.remove(connection, circuit.place)
    ask_again(context, places & {circuit.place for circuit in known})

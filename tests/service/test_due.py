"""When a lane comes by itself: by what the ledger says is still to be done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gateway.ledger import transfers
from gateway.model import DeliveryState, State
from gateway.operations.retrying import Choice, retry_now
from gateway.rules.completeness_policy import CompletenessPolicy, EvidenceKind
from gateway.rules.waking import Due, Wake, earliest, next_look
from gateway.stages.context import Context
from gateway.stages.due import delivery_due, route_due
from gateway.stages.recall import ask_again
from tests.pipeline.plant import Plant, name_of, route

#: A route whose server nobody serves: one failure opens its circuit.
_AWAY = (
    route(source="{type: sftp, server: erp, path: out, acknowledge: leave}")
    + """\
servers:
  erp:
    host: 127.0.0.1
    port: 1
    user: plant
    host_keys: ["SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
    login: {agent: true}
    retry: {first: 1h, open_after: 1}
"""
)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_STABLE = "{require: [stability], looks: 3, quiet: 10s}"


def _due(context: Context, name: str = "confirmations", seconds: float = 0.1) -> Due | None:
    return route_due(context, context.site.route(name), context.clock.now(), seconds)


def test_looks_are_spread_over_the_quiet_time() -> None:
    """3 looks over 10 s shall be 5 s apart; a source that takes long to list is looked at less often."""
    policy = CompletenessPolicy(looks=3, quiet_seconds=10.0)
    assert next_look(policy, NOW, 0.1) == Due(NOW + timedelta(seconds=5), Wake.LOOK)
    assert next_look(policy, NOW, 2.0) == Due(NOW + timedelta(seconds=20), Wake.LOOK)
    never = CompletenessPolicy(looks=1, quiet_seconds=0.0)
    assert next_look(never, NOW, 0.0) == Due(NOW + timedelta(seconds=0.5), Wake.LOOK)
    marked = CompletenessPolicy(require=(EvidenceKind.DONE_MARKER,))
    assert next_look(marked, NOW, 0.1) is None


def test_the_earliest_is_the_one_that_counts() -> None:
    """Of several moments the first shall be taken, and none of none."""
    late, soon = Due(NOW + timedelta(hours=1), Wake.RETRY), Due(NOW, Wake.DEADLINE)
    assert earliest([late, None, soon]) == soon
    assert earliest([None]) is None


def test_nothing_is_due_where_nothing_is_open(plant: Plant) -> None:
    """A route on which all is done shall have nothing of its own to come back for."""
    plant.drop_confirmation(1)
    plant.run()
    with plant.opened() as context:
        assert _due(context) is None


def test_a_server_is_asked_again_at_once_where_an_operator_wants_it(plant: Plant) -> None:
    """A retry of a server that is left alone shall bring back the lane that takes files from it."""
    plant.configure(_AWAY)
    plant.run()
    with plant.opened() as context:
        passed = context.clock.now()
        assert route_due(context, context.site.routes[0], passed, 0.1) is None
        tried = retry_now(context, Choice(server="erp"), "the partner says it is up again")
        assert [one.place for one in tried.circuits] == ["server erp"]
        due = route_due(context, context.site.routes[0], passed, 0.1)
    assert due is not None
    assert due.why is Wake.OPERATOR
    (asked,) = plant.trail("server erp", "retry-requested")
    assert asked.reason == "the partner says it is up again"
    assert plant.run()[0].problems[0].error.code == "server-unreachable"


def test_a_young_file_is_looked_at_before_the_interval(plant: Plant) -> None:
    """A file that may become stable shall be looked at in its quiet time, and not once it is taken."""
    plant.configure(route("confirmations", completeness=_STABLE))
    plant.drop_confirmation(1)
    plant.run()
    with plant.opened() as context:
        due = _due(context)
        assert due is not None
        assert due.why is Wake.LOOK
        assert 4 < (due.at - context.clock.now()).total_seconds() < 6
    for _each in range(2):
        plant.clock.advance(seconds=6)
        plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED}
    with plant.opened() as context:
        assert _due(context) is None


def test_an_old_file_that_waits_for_something_else_wakes_nobody(plant: Plant) -> None:
    """A file that is stable and waits for its marker shall not be looked at more often for that."""
    plant.configure(
        route("confirmations", completeness="{require: [stability, done-marker], looks: 2, quiet: 1s}")
    )
    plant.drop_confirmation(1)
    for _each in range(3):
        plant.run()
        plant.clock.advance(seconds=5)
    with plant.opened() as context:
        assert _due(context) is None


def test_a_delivery_that_failed_is_due_at_its_next_try(plant: Plant) -> None:
    """A lane shall come when the next try of a delivery is due: that of its own destinations alone."""
    (plant.directory / "outbox" / "erp").rmdir()
    plant.drop_confirmation(1)
    plant.run()
    (delivery,) = plant.deliveries(name_of(1))
    assert delivery.state is DeliveryState.PENDING
    with plant.opened() as context:
        due = _due(context)
        assert due == Due(delivery.next_try_at, Wake.RETRY) if delivery.next_try_at else due is None
        on_route = context.site.route("confirmations")
        before = context.clock.now()
        assert delivery_due(context, on_route, ["erp"], before) == due
        assert delivery_due(context, on_route, ["another"], before) is None


def test_a_deadline_is_due_once(plant: Plant) -> None:
    """A lane shall come at the deadline of a held file, and not again for one that has passed."""
    plant.configure(route("confirmations", sequence="{model: counter, start: 1, order: strict, hold: 1h}"))
    plant.drop_confirmation(2)
    plant.run()
    assert plant.states() == {name_of(2): State.HELD}
    with plant.opened() as context:
        due = _due(context)
        assert due is not None
        assert due.why is Wake.DEADLINE
    plant.clock.advance(hours=2)
    with plant.opened() as context:
        assert _due(context) is None


def test_what_an_operator_asked_for_is_due_now(plant: Plant) -> None:
    """A request that came after the last pass shall be carried out without waiting for the schedule."""
    plant.drop("bad.csv", b"no")
    plant.run()
    with plant.opened() as context:
        since = context.clock.now()
        on_route = context.site.route("confirmations")
        assert route_due(context, on_route, since, 0.1) is None
        with context.ledger.read() as connection:
            rows = transfers.in_states(connection, "confirmations", (State.FAILED,))
        ask_again(context, rows, "reprocess", "try it")
        due = route_due(context, on_route, since, 0.1)
        assert due is not None
        assert due.why is Wake.OPERATOR
        assert route_due(context, on_route, context.clock.now(), 0.1) is None

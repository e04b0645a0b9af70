"""Circuits: when a place that failed is asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.config.settings import RetryPolicy
from gateway.rules import circuit as rules
from gateway.rules.circuit import Circuit, CircuitState, Step

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
POLICY = RetryPolicy(first_seconds=10, factor=2, cap_seconds=60, jitter=0, open_after=3)


def failed(times: int, at: datetime = NOW) -> Circuit:
    """Return the circuit of a place that failed so often in a row."""
    found: Circuit | None = None
    for _ in range(times):
        found = rules.after_failure(POLICY, found, "server erp", "no answer", at, 0.5)
    assert found is not None
    return found


def test_a_place_that_never_failed_is_asked() -> None:
    """A place without a circuit shall be asked."""
    assert rules.decide(POLICY, None, NOW).step is Step.GO


def test_single_failures_stop_nobody() -> None:
    """A place shall be asked as usual until it has failed as often in a row as the policy says."""
    for times in (1, 2):
        circuit = failed(times)
        assert (circuit.state, circuit.failures, circuit.since) == (CircuitState.CLOSED, times, NOW)
        assert rules.decide(POLICY, circuit, NOW).step is Step.GO
    assert failed(3).state is CircuitState.OPEN


def test_an_open_circuit_is_left_alone_until_one_probe() -> None:
    """An open circuit shall let nobody through until its probe is due, and then one only."""
    circuit = failed(3)
    due = NOW + timedelta(seconds=40)
    assert circuit.next_probe_at == due
    decision = rules.decide(POLICY, circuit, due - timedelta(seconds=1))
    assert (decision.step, decision.until) == (Step.WAIT, due)
    assert rules.decide(POLICY, circuit, due).step is Step.PROBE
    probed = rules.probing(circuit, due)
    other = rules.decide(POLICY, probed, due)
    assert other.step is Step.WAIT
    assert other.until is not None
    assert other.until - due <= timedelta(seconds=rules.PATIENCE_SECONDS)


def test_a_probe_that_fails_opens_it_again_for_longer() -> None:
    """A probe that fails shall make the time to the next one longer, up to the cap."""
    circuit, at = failed(3), NOW
    waits = []
    for _ in range(4):
        assert circuit.next_probe_at is not None
        waits.append((circuit.next_probe_at - at).total_seconds())
        at = circuit.next_probe_at
        circuit = rules.after_failure(POLICY, rules.probing(circuit, at), "server erp", "still", at, 0.5)
        assert circuit.state is CircuitState.OPEN
    assert waits == [40, 60, 60, 60]
    assert (circuit.failures, circuit.since, circuit.last_error) == (7, NOW, "still")


def test_failures_of_work_that_began_before_do_not_put_the_probe_off() -> None:
    """A failure that comes in while the circuit is open shall change nothing."""
    circuit = failed(3)
    later = NOW + timedelta(seconds=5)
    assert rules.after_failure(POLICY, circuit, "server erp", "late", later, 0.5) == circuit


def test_a_probe_of_which_nothing_is_heard_is_given_up() -> None:
    """A probe that died with its process shall not keep the circuit half-open for ever."""
    probed = rules.probing(failed(3), NOW)
    over = NOW + timedelta(seconds=rules.PROBE_SECONDS)
    assert rules.decide(POLICY, probed, over - timedelta(seconds=1)).step is Step.WAIT
    assert rules.decide(POLICY, probed, over).step is Step.PROBE


def test_a_clock_that_was_set_back_keeps_no_circuit_open() -> None:
    """A probe that a clock named which has been set back since shall be due."""
    for circuit in (failed(3), rules.probing(failed(3), NOW)):
        assert rules.decide(POLICY, circuit, NOW - timedelta(days=30)).step is Step.PROBE


@given(st.integers(1, 10**6), st.floats(0, 1), st.integers(0, 20), st.floats(0, 1))
def test_a_probe_is_always_due_in_time(failures: int, random: float, open_after: int, jitter: float) -> None:
    """However often a place failed, its next probe shall come within the cap and its jitter."""
    policy = RetryPolicy(first_seconds=1, factor=3, cap_seconds=90, jitter=jitter, open_after=open_after)
    before = Circuit("p", CircuitState.HALF_OPEN, failures, NOW, NOW, "no answer", NOW)
    after = rules.after_failure(policy, before, "p", "no answer", NOW, random)
    assert after.next_probe_at is not None
    assert rules.decide(policy, after, NOW + timedelta(seconds=90 * (1 + jitter) + 1)).step is Step.PROBE

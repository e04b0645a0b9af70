"""A route's sequence model was changed, and its streams are still on the old one.

A stream keeps the model that it was counted by while a file of it is held or missing; what waits goes
by that model. Numbers of one model say nothing to another, so on a strict stream nothing new is judged
meanwhile. Then, or when an operator resets the stream, it begins anew by the new model.
"""

from __future__ import annotations

from gateway.rules import chains, counters
from gateway.rules.sequence_policy import Model, Order, SequencePolicy
from gateway.rules.streams import StreamState, Waiver


def model_of(policy: SequencePolicy, state: StreamState) -> Model:
    """Return the model that the stream is counted by: its own, or the policy's while it is new."""
    return policy.model if state.model is Model.NONE else state.model


def is_changed(policy: SequencePolicy, state: StreamState) -> bool:
    """Return whether the stream was counted by another model than the policy asks for now."""
    return policy.model is not Model.NONE and model_of(policy, state) is not policy.model


def is_suspended(policy: SequencePolicy, state: StreamState) -> bool:
    """Return whether nothing new may be judged: a strict stream has open what another model counted."""
    if policy.order is not Order.STRICT:
        return False
    return bool(state.freed) or (is_changed(policy, state) and bool(state.held or state.missing))


def adopted(policy: SequencePolicy, state: StreamState) -> Waiver:
    """Return the stream as one that the policy's model has not counted yet.

    What is missing is given up; what is held goes with the next release, in the order of the old model.
    """
    if state.model is Model.CHAIN:
        given_up = chains.waive(state, 0, max((span.last for span in state.missing), default=0))
        going = chains.release(policy, given_up.state)
    else:
        given_up = counters.give_up(policy, state, list(state.missing))
        going = counters.release(given_up.state)
    freed = (*state.freed, *going.held, *going.state.held)
    fresh = StreamState(width=state.width, restarts=state.restarts + 1, freed=freed)
    return Waiver(fresh, given_up.waived)

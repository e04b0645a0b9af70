"""`gateway health`: is the service at work as it should be?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gateway.cli.main import Shared
from gateway.cli.output import age, json_option, moment, print_json, say

if TYPE_CHECKING:
    from gateway.rules.health import Verdict
    from gateway.service.board import ServiceState


@click.command()
@json_option
@click.pass_obj
def health(shared: Shared, as_json: bool) -> None:
    """Say whether the service on this site is at work, and what is not as it should be.

    Leaves with 0 where it is healthy or degraded (it works, and something that it depends on does not),
    with 64 where it has failed. Nothing is changed; the service is not asked, only looked at.
    """
    from gateway.errors import Unhealthy
    from gateway.rules.health import Health
    from gateway.service.health import look

    verdict, state = look(shared.directory())
    if as_json:
        print_json(_data(verdict, state))
    else:
        _tell(verdict, state)
    if verdict.health is Health.FAILED:
        raise Unhealthy(verdict.reasons[0].text, hint="`gateway status` tells of the files")


def _data(verdict: Verdict, state: ServiceState | None) -> dict[str, Any]:
    service = None
    if state is not None:
        service = {
            "pid": state.pid,
            "host": state.host,
            "version": state.version,
            "phase": state.phase,
            "started": state.started,
            "moment": state.moment,
            "lanes": [
                {
                    "name": one.name,
                    "kind": one.kind,
                    "running_since": one.running_since,
                    "doing": one.doing or None,
                    "last_ended": one.last_ended,
                    "last_ok": one.last_ok,
                    "last_error": one.last_error,
                    "passes": one.passes,
                    "next_due": one.next_due,
                }
                for one in state.lanes
            ],
            "watches": [{"folder": one.folder, "works": one.works, "why": one.why} for one in state.watches],
        }
    reasons = [{"health": one.health.value, "text": one.text} for one in verdict.reasons]
    return {"health": verdict.health.value, "reasons": reasons, "service": service}


def _tell(verdict: Verdict, state: ServiceState | None) -> None:
    say(verdict.health.value)
    for reason in verdict.reasons:
        say(f"  {reason.health.value}: {reason.text}")
    if state is None:
        return
    up = age((state.moment - state.started).total_seconds())
    say(f"Process {state.pid} on {state.host}, gateway {state.version}, {state.phase} for {up}.")
    say(f"Last sign of life: {moment(state.moment)}.")

"""What every operator's action needs before it changes anything: a reason, and a route to do it on."""

from __future__ import annotations

from gateway.errors import ActionRefused, ReasonMissing
from gateway.stages.context import Context, Route


def demand_reason(reason: str | None) -> str:
    """Return the reason without blanks around it; raises ReasonMissing where there is none."""
    text = (reason or "").strip()
    if not text:
        raise ReasonMissing(hint='Say why: --reason "..."; it is kept in the audit trail and the manifest')
    return text


def route_of(context: Context, name: str) -> Route:
    """Return the route called ``name``; raises ActionRefused where the site no longer has it."""
    try:
        return context.site.route(name)
    except KeyError:
        raise ActionRefused(
            f"The route {name} is no longer in the configuration, so no pass would carry this out",
            hint="Configure it again, `enabled: false` is enough to keep new files out",
        ) from None

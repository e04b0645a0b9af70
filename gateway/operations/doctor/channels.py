"""Whether people can be told: each channel as far as it goes without a message."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.alerts import sending
from gateway.config.secrets import demand_secrets
from gateway.config.settings import Channel, CommandChannel, EmailChannel, Site
from gateway.errors import AlertUndelivered, SecretsMissing
from gateway.operations.doctor.checks import Check, Subject

_WHY = "Nobody is told over it when something needs a person"


def look(site: Site, channel: Channel) -> Iterator[Check]:
    """Yield whether one channel can be used."""
    subject = Subject("alerts", channel.name)
    test = f"`gateway alerts test {channel.name}` sends a message"
    try:
        demand_secrets(site, f"alerts.channels.{channel.name}")
        sending.reach(channel)
    except SecretsMissing:
        yield subject.failure("not tried: a secret of it is missing", _WHY, "See the topic configuration")
    except AlertUndelivered as error:
        yield subject.refused(error, _WHY, f"Correct its settings; then {test}")
    else:
        yield subject.ok(f"{_reached(channel)}; {test}")


def rules(site: Site) -> Iterator[Check]:
    """Yield that nobody is told of anything."""
    if not site.alerts:
        yield Subject("alerts", "rules").warning(
            "nobody is told of anything",
            "What needs a person is seen only by who looks at `gateway status`",
            "Add channels and rules below `alerts` (docs/monitoring.md)",
        )


def _reached(channel: Channel) -> str:
    if isinstance(channel, EmailChannel):
        login = " and lets the gateway in" if channel.smtp.user else ""
        smtp = channel.smtp
        return f"the mail server {smtp.host}:{smtp.port} answers ({smtp.security}){login}"
    if isinstance(channel, CommandChannel):
        return f"{channel.command[0]} is there and may be run"
    return "the receiver answers"

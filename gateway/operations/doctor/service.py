"""Whether the service is at work, as it looks from another process."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.config.loading import load_site
from gateway.custody import guard
from gateway.errors import ConfigurationError, GatewayError
from gateway.ledger.engine import is_shared, open_ledger
from gateway.operations.doctor.checks import Check, Subject, Verdict
from gateway.operations.workers import workers
from gateway.rules.health import Health
from gateway.rules.health import Verdict as State

#: A ledger that does not answer is said of the ledger.
_BUSY_SECONDS = 5.0
_SERVICE = Subject("service", "service")
_WHY = "Files wait or alerts do not go out while it lasts"


def look(directory: Path, health_of: Callable[[Path], State]) -> Iterator[Check]:
    """Yield whether somebody works on the site, and what the service says of itself."""
    holder = guard.holder(directory) or _node_here(directory)
    if holder is None:
        yield _SERVICE.warning(
            "no gateway is at work on this site",
            "Files that arrive wait until one is",
            "Start the service (`systemctl start gateway`), or call `gateway run --once`",
        )
        return
    try:
        state = health_of(directory)
    except ConfigurationError:
        # said of the configuration; a service that was started before goes on with the one it has
        yield _SERVICE.ok(f"{_holder(holder)}; how it is cannot be told without a valid configuration")
        return
    for reason in state.reasons:
        verdict = Verdict.FAILURE if reason.health is Health.FAILED else Verdict.WARNING
        yield _SERVICE.judged(verdict, reason.text, _WHY, "`gateway health` and `gateway status` say more")
    if not state.reasons:
        yield _SERVICE.ok(_holder(holder))
    if holder.host == socket.gethostname():
        yield from _supervised(holder.pid)


def _node_here(directory: Path) -> guard.Holder | None:
    """Return the node of this machine, where several share the site; None where that cannot be told."""
    with contextlib.suppress(GatewayError):
        site = load_site(directory)
        if is_shared(site.ledger):
            with contextlib.closing(open_ledger(site.ledger, busy_seconds=_BUSY_SECONDS)) as ledger:
                here = [one for one in workers(site, ledger) if one.host == socket.gethostname()]
            return guard.Holder(here[0].pid, here[0].host, here[0].since) if here else None
    return None


def _holder(holder: guard.Holder) -> str:
    return f"process {holder.pid} on {holder.host}, at work since {holder.since}"


def _supervised(pid: int) -> Iterator[Check]:
    """Yield whether systemd starts the service again when it hangs, where that can be seen."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            names = {one.partition(b"=")[0] for one in file.read().split(b"\0")}
        owner = os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return
    subject = Subject("service", "watchdog")
    if b"WATCHDOG_USEC" in names and b"NOTIFY_SOCKET" in names:
        yield subject.ok(f"systemd watches over it; it runs as uid {owner}")
    else:
        yield subject.warning(
            f"no watchdog of systemd watches over process {pid}, uid {owner}",
            "A service that hangs is not started again by itself",
            "Run it by its systemd unit (docs/installing.md), with `WatchdogSec`",
        )

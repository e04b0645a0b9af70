"""The kinds of alerts: stable names that rules of the configuration and receivers go by."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from gateway import errors
from gateway.errors import GatewayError


class Origin(enum.Enum):
    """Where a kind of alert is found, and so when it can be said to be over."""

    ROUTE = "route"  #: a pass over its route reports it every time
    LEDGER = "ledger"  #: it stands in the ledger, or on the machine, whoever looks
    SERVICE = "service"  #: the running service says it of itself


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of alert means."""

    text: str  #: one line for people
    origin: Origin
    is_event: bool = False  #: it happens and does not last: there is no recovery


#: Every kind of alert by its name; the names are stable.
KINDS: Mapping[str, Kind] = {
    "file-failed": Kind("Files were not accepted and wait for somebody to correct them.", Origin.LEDGER),
    "file-overdue": Kind("A file waits at its source longer than its route finds normal.", Origin.ROUTE),
    "file-refused": Kind("A file or entry at a source cannot be taken as it is.", Origin.ROUTE),
    "file-stuck": Kind("A file in the gateway's custody cannot go on.", Origin.ROUTE),
    "hold-expired": Kind("A held file has waited for its predecessor beyond its deadline.", Origin.ROUTE),
    "gap": Kind("Control numbers of a stream have not come.", Origin.LEDGER),
    "stream-suspended": Kind("The sequence model changed while files of a stream were held.", Origin.ROUTE),
    "delivery-failing": Kind("A destination does not take files.", Origin.LEDGER),
    "acknowledgement-failing": Kind("Files taken from a server cannot be acknowledged there.", Origin.LEDGER),
    "circuit-open": Kind("A partner is down and is left alone until the next probe.", Origin.LEDGER),
    "source-unavailable": Kind("A source cannot be read.", Origin.ROUTE),
    "host-key": Kind("A server shows a host key that is unknown or has changed.", Origin.LEDGER),
    "route-stopped": Kind("A route cannot go on as a whole.", Origin.ROUTE),
    "expected-missing": Kind("Files that were expected have not come.", Origin.ROUTE),
    "unusual": Kind("A file is unlike those before it on its route.", Origin.ROUTE, is_event=True),
    "disk-low": Kind("The disk under the site is full or nearly so.", Origin.LEDGER),
    "format-refused": Kind("A format or mapping takes no files as it stands.", Origin.ROUTE),
    "audit-broken": Kind("The audit trail is not as it was written.", Origin.ROUTE),
    "ledger-trouble": Kind("The ledger could not be read or written.", Origin.ROUTE),
    "internal-error": Kind("The gateway met a fault of its own.", Origin.ROUTE),
    "nodes-differ": Kind(
        "Nodes of the site work with different configurations or gateway versions.", Origin.LEDGER
    ),
    "configuration-refused": Kind("A changed configuration is refused; the old one goes on.", Origin.SERVICE),
    "service-stuck": Kind("A part of the service does not come to an end.", Origin.SERVICE),
}

#: What an error of a pass means; the first class that fits counts.
_OF_ERRORS: tuple[tuple[type[GatewayError], str], ...] = (
    (errors.Overdue, "file-overdue"),
    (errors.HoldExpired, "hold-expired"),
    (errors.StreamSuspended, "stream-suspended"),
    (errors.Expected, "expected-missing"),
    (errors.Unusual, "unusual"),
    (errors.AuditBroken, "audit-broken"),
    (errors.FormatError, "format-refused"),
    (errors.LedgerError, "ledger-trouble"),
    (errors.InternalError, "internal-error"),
)

#: What the ledger tells of in one alert for all files, better than one failure can.
_TOLD_ELSEWHERE = (
    errors.CircuitOpen,
    errors.HostKeyUnknown,
    errors.HostKeyChanged,
    errors.PredecessorUndelivered,
)


def kind_of(error: GatewayError, *, name: str | None, transfer: str | None) -> str | None:
    """Return the kind of alert that a problem of a pass is; None where the ledger tells of it.

    ``name`` and ``transfer`` are those of the file that the problem kept from going on.
    """
    if isinstance(error, _TOLD_ELSEWHERE):
        return None
    for family, kind in _OF_ERRORS:
        if isinstance(error, family):
            return kind
    partner = isinstance(error, errors.SourceError | errors.DestinationError)
    if transfer is not None:
        # a delivery or an acknowledgement keeps its last error in the ledger
        return None if partner else "file-stuck"
    if name is not None and not isinstance(error, errors.ServerError):
        return "file-refused"
    return "source-unavailable" if partner else "route-stopped"

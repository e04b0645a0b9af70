"""What the gateway writes into its log: events with stable names, and typed fields.

An event is a record of the standard logging module, so that it goes where all others go. The log is for
people and their tools; what must not be lost stands in the audit trail.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict, Unpack

_LOG = logging.getLogger("gateway")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event: what it says, and how grave it is unless the caller knows better."""

    text: str
    level: int = logging.INFO


#: Every event by its name. Names stay: programs look for them.
EVENTS: Mapping[str, Kind] = {
    "starting": Kind("The gateway begins: which site, version and configuration."),
    "watch-found": Kind("Whether events of a folder wake passes; if not, the schedule alone does."),
    "running": Kind("Every lane is at work."),
    "pass-ended": Kind("A pass of a lane ended; a warning where something could not go on."),
    "problem": Kind(
        "A file, destination or route could not go on; said once for as long as it lasts.", logging.WARNING
    ),
    "problem-over": Kind("What could not go on goes on again."),
    "circuit-opened": Kind("A partner is down and is left alone until the next probe.", logging.WARNING),
    "circuit-closed": Kind("A partner answers again."),
    "route-rests": Kind("A route was due and rests: by its calendar, or in a blackout."),
    "clock-set-back": Kind("The clock was set back; schedules are planned anew.", logging.WARNING),
    "lane-stuck": Kind("A lane works for long without a sign of life.", logging.ERROR),
    "lane-moves": Kind("A lane that was stuck gives signs of life again."),
    "lane-died": Kind("A lane's thread has ended; another one takes its place.", logging.ERROR),
    "lease-taken": Kind("This node works on a route from now on; `tries` is the token of its lease."),
    "lease-given": Kind("This node has given a route back, so that another one can take it."),
    "lease-lost": Kind("This node gave no sign in time; another one works on the route.", logging.WARNING),
    "nodes-differ": Kind(
        "Nodes of the site work with different configurations or gateway versions.", logging.WARNING
    ),
    "channel-failed": Kind("A channel did not take an alert; it is tried again, for a day.", logging.WARNING),
    "channel-remarked": Kind("A channel took an alert, but not for everybody.", logging.WARNING),
    "reloading": Kind("SIGHUP came: the configuration is read again."),
    "reloaded": Kind("The changed configuration is in force, for every pass that begins from now on."),
    "reload-refused": Kind("The changed configuration has problems; the old one goes on.", logging.ERROR),
    "stopping": Kind("A signal came: nothing new begins, the work in hand is finished."),
    "left-unfinished": Kind(
        "The time to stop is over; what these lanes had in hand is carried on after the next start.",
        logging.WARNING,
    ),
    "stopped": Kind("The service has ended."),
    "internal-error": Kind("A fault of the gateway itself, with the place in its code.", logging.ERROR),
    "message": Kind("Something else, in words; from a library of the gateway perhaps.", logging.WARNING),
}


class Fields(TypedDict, total=False):
    """What an event may say, beside its name; what each means stands in `MEANINGS`."""

    route: str
    lane: str
    destination: str
    place: str
    channel: str
    folder: str
    transfer: str
    file: str
    reasons: Sequence[str]
    taken: int
    processed: int
    failed: int
    duplicate: int
    held: int
    waiting: int
    problems: int
    bytes: int
    seconds: float
    tries: int
    lease: str
    nodes: Sequence[str]
    before: str
    until: datetime | None
    works: bool
    site: str
    directory: str
    zone: str
    version: str
    configuration: str
    routes: int
    pid: int
    signal: str
    status: int
    lanes: Sequence[str]
    code: str
    reason: str
    error: str
    details: Sequence[str]


#: The fields by name, in the order in which they are written.
MEANINGS: Mapping[str, str] = {
    "route": "route",
    "lane": "`ROUTE`, or `ROUTE to DESTINATION`",
    "destination": "destination",
    "place": "partner that answers or does not, as `gateway status` names it",
    "channel": "channel of alerts",
    "folder": "folder",
    "transfer": "id of a transfer",
    "file": "name of its file, as it came",
    "reasons": "what woke the lane",
    "taken": "files taken from the source",
    "processed": "files processed",
    "failed": "files failed",
    "duplicate": "files set aside as duplicates",
    "held": "files held for their predecessors",
    "waiting": "files at the source that are not complete yet",
    "problems": "how much could not go on",
    "bytes": "bytes of the files that were settled or held",
    "seconds": "how long it took or lasts",
    "tries": "tries or failures in a row until now",
    "lease": "what a node works on alone: `route NAME`, or `alerts`",
    "nodes": "nodes of the site by name",
    "before": "node that had the lease before, by its id",
    "until": "when it is tried again or ends, UTC",
    "works": "whether it does",
    "site": "name of the site",
    "directory": "its directory",
    "zone": "its time zone",
    "version": "version of the gateway",
    "configuration": "SHA-256 of the configuration file",
    "routes": "how many routes are enabled",
    "pid": "process",
    "signal": "the signal that came",
    "status": "exit status",
    "lanes": "lanes",
    "code": "code of an error, as in the page on exit codes",
    "reason": "why, in words",
    "error": "the error in one line, with what to do",
    "details": "the problems one by one, or what changed",
}


def event(name: str, *, level: int | None = None, **fields: Unpack[Fields]) -> None:
    """Log the event ``name`` of `EVENTS` with its ``fields``; ``level`` where this one is graver, or less.

    Never in a handler of a signal: the log's lock may be held by what the signal has interrupted.
    Raises KeyError for a name that is not in the catalogue.
    """
    kind = EVENTS[name]
    _LOG.log(kind.level if level is None else level, name, extra={"event": name, "fields": fields})

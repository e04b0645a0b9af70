"""What a schema cannot say about a site configuration; every check yields all its problems."""

from __future__ import annotations

import re
import string
from typing import TYPE_CHECKING, Any

from gateway.config.build_retention import check_retention
from gateway.config.check_alerts import check_alerts, check_service
from gateway.config.check_plans import check_calendars, check_plans, check_zone
from gateway.config.check_remote import check_servers, remote_problems
from gateway.config.durations import check_durations
from gateway.config.paths import absolute, inbox
from gateway.errors import ConfigurationError
from gateway.formats.patterns import pattern_problem
from gateway.formats.versions import parse_range
from gateway.rules import file_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from pathlib import Path

    from gateway.documents import Document
    from gateway.model import Problem

Data = dict[str, Any]
Place = tuple[str | int, ...]

_LEDGERS = ("sqlite:///", "postgresql://", "postgres://")
#: Directories of the gateway itself; nobody else writes there.
OWN_DIRECTORIES = ("config", "ledger", "audit", "working", "processed", "duplicates", "failed", "replay")

#: What the name of a delivered file may be made of.
PLACEHOLDERS = ("name", "stem", "suffix", "id", "route", "control_number", "message_id")
#: Without one of these all files of a route would get the same name.
_TELLING = {"name", "stem", "id", "control_number", "message_id"}
#: Settings of a sequence that only a counter has, with the value that says nothing.
_COUNTER_ONLY = {"start": None, "step": 1, "wrap_after": None, "wrap_to": 1, "largest_jump": None,
                 "reset_to": None}  # fmt: skip


def check_site(
    document: Document, data: Data, directory: Path, message_types: Collection[str] | None
) -> Iterator[Problem]:
    """Yield what is wrong with ``data``, a valid ``document`` with its defaults.

    ``message_types`` are those of the catalogue; None where they are not known.
    """
    yield from check_zone(document, ("site", "time_zone"), data["site"]["time_zone"])
    yield from check_durations(document, ("site",), data["site"], ("interval",))
    yield from _ledger(document, data["site"]["ledger"])
    for name, route in data["routes"].items():
        place: Place = ("routes", name)
        yield from _message_type(document, place, route, message_types)
        yield from _versions(document, place, route)
        yield from _name_pattern(document, place, route)
        yield from _completeness(document, place, route["completeness"])
        yield from _sequence(document, place, route["sequence"])
        yield from _all_durations(document, place, route)
        yield from _file_names(document, place, route["destinations"])
        yield from _suffixes(document, place, route["destinations"])
        yield from _destinations(document, place, route, inbox(name, route, directory), directory)
        yield from check_plans(document, place, route, data["calendars"])
    yield from _inboxes(document, data["routes"], directory)
    yield from check_servers(document, data["servers"])
    yield from remote_problems(document, data)
    yield from check_calendars(document, data["calendars"])
    yield from check_alerts(document, data["alerts"], data["routes"])
    yield from check_service(document, data["service"])
    yield from check_retention(document, data["retention"])
    for name, partner in data["partners"].items():
        yield from _agreed(document, ("partners", name, "versions"), partner["versions"], message_types)


def _agreed(
    document: Document, place: Place, versions: Mapping[str, str], known: Collection[str] | None
) -> Iterator[Problem]:
    """The ranges of a sender can be read, and are about message types that there are."""
    for message_type, text in versions.items():
        try:
            parse_range(text)
        except ConfigurationError as error:
            yield document.problem((*place, message_type), error.message, text, "such as >=1.0.0,<2")
        if known is not None and message_type not in known:
            message = "the catalogue has no such message type"
            yield document.problem((*place, message_type), message, message_type, ", ".join(sorted(known)))


def _ledger(document: Document, url: Any) -> Iterator[Problem]:
    """A URL that comes from outside is looked at when the ledger is opened."""
    if isinstance(url, str) and not url.startswith(_LEDGERS):
        allowed = "sqlite:////absolute/path or postgresql://user@host/database"
        yield document.problem(("site", "ledger"), "there is no such kind of ledger", url, allowed)


def _message_type(
    document: Document, place: Place, route: Data, known: Collection[str] | None
) -> Iterator[Problem]:
    wanted = route["message_type"]
    if known is not None and wanted not in known:
        yield document.problem(
            (*place, "message_type"),
            "the catalogue has no such message type",
            wanted,
            ", ".join(sorted(known)),
        )


def _versions(document: Document, place: Place, route: Data) -> Iterator[Problem]:
    try:
        parse_range(route["versions"])
    except ConfigurationError as error:
        yield document.problem((*place, "versions"), error.message, route["versions"], "such as >=1.0.0,<2")
    if route["version_from"] == "route" and route["version"] is None:
        yield document.problem((*place, "version_from"), "`version` must say which version all files have")
    if route["version_from"] != "route" and route["version"] is not None:
        yield document.problem(
            (*place, "version"), "it counts only with `version_from: route`", route["version"]
        )


def _name_pattern(document: Document, place: Place, route: Data) -> Iterator[Problem]:
    pattern = route["name_pattern"]
    if pattern is None:
        return
    here = (*place, "name_pattern")
    try:
        groups = file_names.compiled(pattern).groupindex
    except (re.error, RecursionError, OverflowError) as error:
        yield document.problem(here, f"this is no regular expression: {error}", pattern)
        return
    if harm := pattern_problem(pattern):
        yield document.problem(here, harm, pattern)
    unknown = [group for group in groups if group not in file_names.GROUPS]
    if unknown:
        allowed = ", ".join(file_names.GROUPS)
        yield document.problem(here, "the group means nothing to the gateway", ", ".join(unknown), allowed)
    if route["sequence"]["number_from"] == "name" and "control" not in groups:
        yield document.problem(
            here, "the sequence takes its number from the name: group `control` is missing"
        )


def _completeness(document: Document, place: Place, data: Data) -> Iterator[Problem]:
    required = data["require"]
    if "none" in required and len(required) > 1:
        yield document.problem(
            (*place, "completeness", "require"),
            "`none` stands alone",
            ", ".join(required),
            "none, or evidence",
        )


def _sequence(document: Document, place: Place, data: Data) -> Iterator[Problem]:
    here = (*place, "sequence")
    if data["model"] != "counter":
        for key, silent in _COUNTER_ONLY.items():
            if data[key] != silent:
                yield document.problem((*here, key), "it counts only with `model: counter`", str(data[key]))
        return
    start, wrap_after, wrap_to = data["start"], data["wrap_after"], data["wrap_to"]
    if wrap_after is None:
        return
    if wrap_to >= wrap_after:
        yield document.problem((*here, "wrap_to"), "it must be below `wrap_after`", str(wrap_to))
    elif start is not None and not wrap_to <= start <= wrap_after:
        allowed = f"{wrap_to} to {wrap_after}"
        yield document.problem((*here, "start"), "it lies outside the counter", str(start), allowed)
    if data["reset_to"] == wrap_to:
        message = "it is `wrap_to`: every wrap would be a restart, and a gap before it would be lost"
        yield document.problem((*here, "reset_to"), message, str(wrap_to))


def _all_durations(document: Document, place: Place, route: Data) -> Iterator[Problem]:
    completeness, sequence = (*place, "completeness"), (*place, "sequence")
    waits = ("quiet", "mismatch_after", "alert_after")
    yield from check_durations(document, completeness, route["completeness"], waits)
    yield from check_durations(document, sequence, route["sequence"], ("hold",))
    for name, destination in route["destinations"].items():
        retry = (*place, "destinations", name, "retry")
        yield from check_durations(document, retry, destination["retry"], ("first", "cap"))
    if "retry" in (source := route["source"]):
        yield from check_durations(document, (*place, "source", "retry"), source["retry"], ("first", "cap"))


def _file_names(document: Document, place: Place, destinations: Mapping[str, Data]) -> Iterator[Problem]:
    allowed = " ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    for name, destination in destinations.items():
        template, here = destination["file_name"], (*place, "destinations", name, "file_name")
        try:
            parts = list(string.Formatter().parse(template))
        except ValueError as error:
            yield document.problem(here, f"the braces do not fit: {error}", template, allowed)
            continue
        used = [field for _text, field, _spec, _conversion in parts if field is not None]
        plain = not any(spec or conversion for _text, _field, spec, conversion in parts)
        if not plain or not set(used) <= set(PLACEHOLDERS):
            yield document.problem(here, "unknown placeholder", template, allowed)
        elif not _TELLING & set(used):
            yield document.problem(here, "all files would get the same name", template, allowed)


def _suffixes(document: Document, place: Place, destinations: Mapping[str, Data]) -> Iterator[Problem]:
    """Done marker and checksum file have names of their own."""
    for name, destination in destinations.items():
        suffix = destination["checksum_file"]
        if suffix is not None and suffix == destination["done_marker"]:
            here = (*place, "destinations", name, "checksum_file")
            yield document.problem(here, "the done marker has the same name", suffix)


def _destinations(
    document: Document, place: Place, route: Data, own_inbox: Path | None, directory: Path
) -> Iterator[Problem]:
    """Nothing is delivered into the gateway's own directories, in a circle, or on top of each other."""
    seen: dict[Path, str] = {}
    for name, destination in route["destinations"].items():
        if destination["type"] != "folder":
            continue
        here = (*place, "destinations", name, "path")
        path = absolute(destination["path"], directory)
        own = _own(path, directory)
        if own is not None:
            yield document.problem(here, f"this is the gateway's own directory `{own}`", str(path))
        if path == own_inbox:
            yield document.problem(
                here, "this is the inbox of the same route: files would go in circles", str(path)
            )
        if path in seen:
            yield document.problem(here, f"the destination `{seen[path]}` delivers there already", str(path))
        seen.setdefault(path, name)


def _inboxes(document: Document, routes: Mapping[str, Data], directory: Path) -> Iterator[Problem]:
    """Every route has an inbox of its own, outside the gateway's directories and other inboxes."""
    seen: dict[Path, str] = {}
    for name, route in routes.items():
        here: Place = ("routes", name, "source", "path")
        path = inbox(name, route, directory)
        if path is None:
            continue
        own = _own(path, directory)
        if own is not None:
            yield document.problem(here, f"this is the gateway's own directory `{own}`", str(path))
        for other, owner in seen.items():
            if path == other:
                yield document.problem(here, f"the route `{owner}` takes files from there already", str(path))
            elif path.is_relative_to(other) or other.is_relative_to(path):
                yield document.problem(here, f"it and the inbox of `{owner}` contain one another", str(path))
        seen[path] = name


def _own(path: Path, directory: Path) -> str | None:
    """Return which of the gateway's own directories ``path`` is, or lies in; None if in none."""
    if directory == path or directory.is_relative_to(path):
        return str(directory)
    if not path.is_relative_to(directory):
        return None
    first = path.relative_to(directory).parts[0]
    return first if first in (*OWN_DIRECTORIES, "formats") else None

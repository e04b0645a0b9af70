"""Which format version is a file, and which message: from its envelope, its name, its route."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from gateway.errors import FormatError, FormatUnknown
from gateway.finding_codes import finding
from gateway.formats.catalogue import Catalogue
from gateway.formats.definition import Format, Status, Version
from gateway.formats.selection import Range, choose_version, parse_range, recognises
from gateway.model import Finding, Identity, Severity
from gateway.printable import printable
from gateway.readers import reader_for
from gateway.rules import file_names
from gateway.rules.in_force import DatePolicy, out_of_force

if TYPE_CHECKING:
    from gateway.config.settings import Route
    from gateway.validation.reading import Reading

#: How much of a file is looked at to learn its format version.
HEAD_BYTES = 64 * 1024

#: What is agreed with a sender about a message type: a range of versions, or None.
Agreed = Callable[[str | None, str], str | None]


def choose_format(catalogue: Catalogue, route: Route, name: str, head: bytes) -> Format | Finding:
    """Return the format version for one file, whenever it arrived and whoever sent it; see `Chooser`."""
    return Chooser(catalogue, route).choose(name, head)


class Chooser:
    """Chooses the format versions of a route's files; what is the same for all of them is asked once.

    A version is one that the route accepts and that, by ``agreed`` (None: nothing is), the sender may send.
    """

    def __init__(self, catalogue: Catalogue, route: Route, agreed: Agreed | None = None) -> None:
        self._catalogue = catalogue
        self._route = route
        self._agreed = agreed
        self._reader = functools.cache(reader_for)

    @functools.cached_property
    def _every(self) -> list[Format]:
        return self._catalogue.usable(self._route.message_type)

    @functools.cached_property
    def _accepted(self) -> Range:
        return parse_range(self._route.versions)

    @functools.cached_property
    def _broken(self) -> FormatError | None:
        """Why the newest version that the route accepts and that cannot be loaded cannot be."""
        message_type = self._route.message_type
        known = {*self._catalogue.versions(message_type), *self._catalogue.gone(message_type)}
        for version in sorted(known, reverse=True):
            try:
                self._catalogue.get(message_type, version)
            except FormatError as error:
                if self._accepted.accepts(version):
                    return error
        return None

    def choose(self, name: str, head: bytes, day: str | None = None) -> Format | Finding:
        """Return the format version for a file from its first bytes ``head`` and its ``name``.

        ``day`` is that of its arrival, where that counts. Raises FormatError if the version that would be
        needed cannot be loaded, or may be one that cannot.
        """
        every, accepted, route = self._every, self._accepted, self._route
        if not every:
            raise self._broken or FormatUnknown(
                f"The catalogue has no format for {route.message_type}", where=str(self._catalogue.directory)
            )
        seen: dict[Version, Mapping[str, str]] = {}

        def probe(definition: Format) -> Mapping[str, str]:
            if definition.version not in seen:
                seen[definition.version] = self._reader(definition.kind).probe(definition, head)
            return seen[definition.version]

        stated = route.version
        if route.version_from == "name":
            stated = _version_in_name(every, route, name)

        def refusal(definition: Format) -> str | None:
            if self._agreed is None:
                return None
            sender = _sender_seen(definition, route, name, probe(definition))
            return sender_refusal(definition, sender, self._agreed(sender, definition.message_type))

        def words(definition: Format) -> str:
            inside = accepted.accepts(definition.version)
            return (refusal(definition) if inside else None) or _route_accepts(every, accepted)

        candidates = [one for one in every if accepted.accepts(one.version) and refusal(one) is None]
        chosen = choose_version(candidates, every, probe, route.version_from, stated, day=day, accepted=words)
        if self._broken is None:
            return chosen
        is_certain = isinstance(chosen, Format) and (stated is not None or recognises(chosen, probe(chosen)))
        if not is_certain:
            raise self._broken  # the file is not to fail for what is wrong with the format
        return chosen


def sender_refusal(definition: Format, sender: str | None, agreed: str | None) -> str | None:
    """Return why ``sender`` may not send this version, as a sentence's end; None if it may.

    ``agreed`` is the range of versions that is agreed with the sender, None if nothing is.
    """
    if agreed is None or parse_range(agreed).accepts(definition.version):
        return None
    return f"the sender {printable(sender or 'unknown')} may send: {agreed}"


def not_allowed(
    definition: Format, route: Route, sender: str | None, agreed: str | None, day: str
) -> Iterator[Finding]:
    """Yield why this version is not one for this sender, who may only now be known, or this day."""
    refusal = sender_refusal(definition, sender, agreed)
    if refusal is not None:
        message = f"The file has the layout {definition.name}; {refusal}."
        yield finding("F209", message, value=str(definition.version))
    why = out_of_force(day, definition.effective_from, definition.effective_until)
    if why is not None and route.effective_dates is not DatePolicy.IGNORE:
        noted = route.effective_dates is DatePolicy.NOTE
        found = finding("F214", f"{definition.name} {why}.", value=day)
        yield dataclasses.replace(found, severity=Severity.WARNING) if noted else found


def _route_accepts(every: Sequence[Format], accepted: Range) -> str:
    versions = [
        str(one.version)
        for one in every
        if accepted.accepts(one.version) and one.status is not Status.RETIRED
    ]
    return f"the route accepts: {', '.join(versions) or 'none'}"


def _sender_seen(definition: Format, route: Route, name: str, seen: Mapping[str, str]) -> str | None:
    """Return the sender as far as the file's beginning, its name and the route tell it."""
    pattern = route.name_pattern or definition.file_name
    named = (file_names.match(pattern, name) if pattern else None) or {}
    return _sender(route, seen.get(str(definition.envelope.sender), "").strip(), named)


def _sender(route: Route, inside: str | None, named: Mapping[str, str]) -> str:
    """Return who sent a file: the route's word first, then content or name, then the partner."""
    outside = named.get("sender")
    stated = (outside or inside) if route.identity_from == "name" else (inside or outside)
    return route.sender or stated or route.partner


def _version_in_name(every: list[Format], route: Route, name: str) -> str | None:
    patterns = [route.name_pattern] if route.name_pattern else [one.file_name for one in every]
    for pattern in patterns:
        groups = file_names.match(pattern, name) if pattern else None
        if groups and groups.get("version"):
            return groups["version"]
    return None


def name_groups(catalogue: Catalogue, route: Route, name: str) -> Mapping[str, str]:
    """Return what the name alone tells of a file whose content tells nothing; empty if it does not match."""
    formats = catalogue.usable(route.message_type)
    patterns = [route.name_pattern or "", *(one.file_name or "" for one in formats)]
    matches = (file_names.match(pattern, name) for pattern in patterns if pattern)
    return next((groups for groups in matches if groups is not None), {})


def identity_of(
    definition: Format, route: Route, name: str, reading: Reading
) -> tuple[Identity, Mapping[str, str] | None]:
    """Return who the file is, and the named groups of its name (None: the name does not match)."""
    pattern = route.name_pattern or definition.file_name
    groups = file_names.match(pattern, name) if pattern else None
    named = groups or {}
    from_name = route.identity_from == "name"

    def pick(inside: str | None, group: str) -> str | None:
        outside = named.get(group)
        return (outside or inside) if from_name else (inside or outside)

    sender = _sender(route, reading.sender, named)
    message_id = pick(reading.message_id, "message_id")
    control = named.get("control") if route.sequence.number_from == "name" else reading.control_number
    control = control or pick(reading.control_number, "control")
    previous = pick(reading.previous_number, "previous")
    parts = {
        "sender": sender,
        "receiver": pick(reading.receiver, "receiver"),
        "message_id": message_id,
        "control_number": control,
        "created_at": pick(reading.created_at, "created_at"),
    }
    identity = Identity(
        sha256=reading.sha256,
        name=name,
        sender=sender,
        interchange_key=interchange_key(definition, parts),
        message_id=message_id,
        control_number=control,
        previous_number=previous,
    )
    return identity, groups


def interchange_key(definition: Format, parts: Mapping[str, str | None]) -> str | None:
    """Return the key that identifies the message, or None where the file does not carry it.

    The format's `envelope.key` names which of the ``parts`` count; where it asks for a message id and
    neither envelope nor name has one, sender and control number identify the file.
    """
    named = definition.envelope.key
    without_id = parts.get("message_id") is None and definition.envelope.message_id is None
    if "message_id" in named and without_id:
        named = ("sender", "control_number")
    values = [parts.get(part) for part in named]
    if not values or any(value is None for value in values):
        return None
    # a bar inside a part must not make two different messages one
    return "|".join(str(value).replace("\\", "\\\\").replace("|", "\\|") for value in values)

"""Which format version is a file, and which message: from its envelope, its name, its route."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from gateway.errors import FormatError, FormatUnknown
from gateway.formats.catalogue import Catalogue
from gateway.formats.definition import Format, Version
from gateway.formats.selection import choose_version, parse_range, recognises
from gateway.model import Finding, Identity
from gateway.readers import reader_for
from gateway.rules import file_names
from gateway.stages.context import Route

if TYPE_CHECKING:
    from gateway.validation.reading import Reading


def choose_format(catalogue: Catalogue, route: Route, name: str, head: bytes) -> Format | Finding:
    """Return the format version for a file from its first bytes ``head`` and its ``name``.

    Raises FormatError if the version that would be needed cannot be loaded, or may be one that cannot.
    """
    every = catalogue.usable(route.message_type)
    accepted = parse_range(route.versions)
    broken = _broken(catalogue, route, accepted.accepts)
    if not every:
        raise broken or FormatUnknown(
            f"The catalogue has no format for {route.message_type}", where=str(catalogue.directory)
        )

    def probe(definition: Format) -> Mapping[str, str]:
        return reader_for(definition.kind).probe(definition, head)

    stated = route.version
    if route.version_from == "name":
        stated = _version_in_name(every, route, name)
    candidates = [one for one in every if accepted.accepts(one.version)]
    chosen = choose_version(candidates, every, probe, route.version_from, stated)
    is_certain = isinstance(chosen, Format) and (stated is not None or recognises(chosen, probe(chosen)))
    if broken is not None and not is_certain:
        raise broken  # the file is not to fail for what is wrong with the format
    return chosen


def _broken(catalogue: Catalogue, route: Route, accepts: Callable[[Version], bool]) -> FormatError | None:
    """Return why the newest version that the route accepts and that cannot be loaded cannot be."""
    for version in reversed(catalogue.versions(route.message_type)):
        try:
            catalogue.get(route.message_type, version)
        except FormatError as error:
            if accepts(version):
                return error
    return None


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

    sender = route.sender or pick(reading.sender, "sender") or route.partner
    message_id = pick(reading.message_id, "message_id")
    control = named.get("control") if route.sequence.number_from == "name" else reading.control_number
    control = control or pick(reading.control_number, "control")
    previous = pick(reading.previous_number, "previous")
    identity = Identity(
        sha256=reading.sha256,
        name=name,
        sender=sender,
        interchange_key=interchange_key(definition, sender, message_id, control),
        message_id=message_id,
        control_number=control,
        previous_number=previous,
    )
    return identity, groups


def interchange_key(
    definition: Format, sender: str | None, message_id: str | None, control_number: str | None
) -> str | None:
    """Return the key that identifies the message, or None where the file does not carry it.

    The format's `envelope.key` names the parts; a format whose envelope has no message id is
    identified by sender and control number.
    """
    values = {"sender": sender, "message_id": message_id, "control_number": control_number}
    parts: list[str | None] = [values.get(part) for part in definition.envelope.key]
    if message_id is None and definition.envelope.message_id is None:
        parts = [sender, control_number]
    if not parts or any(part is None for part in parts):
        return None
    return "|".join(str(part) for part in parts)

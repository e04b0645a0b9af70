"""The record that travels beside a settled file: what it is, where it came from, what became of it.

Canonical form: UTF-8 JSON, members sorted by name, two blanks of indentation, integers but no
fractions, no member without a value, characters that a terminal would obey escaped, one newline
at the end. Indented, unlike RFC 8785, because people read manifests with ``cat``. The same transfer
gives the same bytes, however often.

Nothing here touches a file but the schema, ``manifest.schema.json``, when a manifest is read back.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import re
import zoneinfo
from collections.abc import Mapping
from datetime import UTC
from importlib import resources
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from gateway import __version__
from gateway.custody.names import REPORT_SUFFIX, archive_name, companion_name
from gateway.errors import ConfigurationError, ManifestInvalid
from gateway.printable import portable_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from gateway.model import Attempt, Companion, Delivery, Transfer

#: Version of the manifest's own schema.
MANIFEST_VERSION = "1.1"
_SCHEMA = "manifest.schema.json"
_PROBLEMS_SHOWN = 5
#: Members and elements of a manifest: more would take gigabytes of memory, and minutes to look through.
_MOST_VALUES = 2_000_000
_LISTS, _PLAIN = (list, tuple), (int, float, list, tuple)
_NOT_PLAIN = re.compile(r"[^\n -~]")


def build_manifest(
    transfer: Transfer,
    attempts: Sequence[Attempt],
    deliveries: Sequence[Delivery],
    *,
    site: str,
    time_zone: str,
    report: str | None = None,
) -> dict[str, Any]:
    """Return the manifest of ``transfer`` as JSON-ready data; what is not known is left out.

    Args:
        transfer: with ``settle_as``, ``settled_path`` and ``settled_at`` as they will be.
        attempts: all of them, in any order.
        deliveries: of all attempts, in any order.
        site: the site's name.
        time_zone: IANA name of the site's zone; every time is given in UTC and in it.
        report: the text laid beside the file, where there is one; its digest goes in.

    Raises ConfigurationError for an unknown zone, ValueError for a time without a zone.
    """
    at = _clock(time_zone)
    settled_name = _settled_name(transfer)
    manifest: dict[str, Any] = _clean(
        {
            "manifest": MANIFEST_VERSION,
            "gateway": __version__,
            "site": {"name": site, "time_zone": time_zone},
            "transfer": _transfer(transfer),
            "file": _file(transfer, settled_name),
            "source": _named("path", transfer.source),
            "evidence": [one.to_dict() for one in transfer.evidence],
            "companions": [_companion(one, transfer, settled_name) for one in transfer.companions],
            "output": _output(transfer, settled_name),
            "report": _report(report, settled_name),
            "identity": _identity(transfer),
            "format": {"version": transfer.format_version, "digest": transfer.format_digest},
            "configuration": {"digest": transfer.config_digest},
            "times": _times(transfer, at),
            "result": _result(transfer),
            "findings": transfer.findings,
            "attempts": [_attempt(one, at) for one in sorted(attempts, key=lambda one: one.number)],
            "deliveries": [
                _delivery(one, at)
                for one in sorted(deliveries, key=lambda one: (one.attempt, one.destination))
            ],
        }
    )
    return manifest


def manifest_bytes(manifest: Mapping[str, Any]) -> bytes:
    """Return ``manifest`` in canonical form (see the module)."""
    text = _indented(manifest, "\n")
    return _NOT_PLAIN.sub(_visible, text).encode("utf-8") + b"\n"


def _indented(value: Any, line: str) -> str:
    """Return what json.dumps(indent=2, sort_keys=True, ensure_ascii=False) writes, in half the time.

    ``line`` is the line break with the blanks that stand before ``value``.
    """
    if isinstance(value, str):
        return encode_basestring(value)
    further = f"{line}  "
    if isinstance(value, dict) and value:
        members = [f"{encode_basestring(key)}: {_indented(value[key], further)}" for key in sorted(value)]
        return f"{{{further}{f',{further}'.join(members)}{line}}}"
    if isinstance(value, _LISTS) and value:
        return f"[{further}{f',{further}'.join([_indented(one, further) for one in value])}{line}]"
    if type(value) is int:
        return repr(value)
    return json.dumps(value, allow_nan=False)


def report_bytes(report: str) -> bytes:
    """Return the bytes of a report as they are laid beside its file."""
    return portable_text(report).encode("utf-8")


def _visible(match: re.Match[str]) -> str:
    """Return a character, as a JSON escape where a terminal could obey it instead of showing it."""
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1]


def read_manifest(data: bytes) -> dict[str, Any]:
    """Return the manifest that the bytes ``data`` hold, checked against the published schema.

    Raises ManifestInvalid naming the first problems, each with its place.
    """
    if sum(map(data.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise ManifestInvalid("The manifest has too many parts to be one")
    try:
        manifest = json.loads(data.decode("utf-8"), object_pairs_hook=_members, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ManifestInvalid("The manifest is not JSON", cause=error) from error
    try:
        problems = _problems(manifest)
    except ValueError as error:  # nested deeper than the validator goes
        raise ManifestInvalid("The manifest cannot be compared with its schema", cause=error) from error
    if problems:
        raise ManifestInvalid("The manifest does not satisfy its schema: " + "; ".join(problems))
    return dict(manifest)


def _problems(manifest: Any) -> list[str]:
    """Return the first problems that ``manifest`` has with the schema; ValueError where it is too deep."""
    problems = []
    for problem in _validator().iter_errors(manifest):
        place = "/".join(str(part) for part in problem.instance_path) or "(top)"
        problems.append(f"{place}: {problem.message}")
        if len(problems) == _PROBLEMS_SHOWN:
            break
    return problems


def schema_text() -> str:
    """Return the published JSON Schema of manifests."""
    return resources.files(__package__).joinpath(_SCHEMA).read_text(encoding="utf-8")


def _file(transfer: Transfer, settled_name: str) -> dict[str, Any]:
    return {
        **_named("name", transfer.name),
        "archived_as": settled_name,
        "size": transfer.size,
        "sha256": transfer.sha256,
        "records": transfer.records,
    }


def _output(transfer: Transfer, settled_name: str) -> dict[str, Any] | None:
    """Return what is said of the file that was delivered instead; None where it was the file itself."""
    output = transfer.output
    if output is None:
        return None
    return {
        "archived_as": companion_name(settled_name, transfer.id, transfer.name, output.name),
        "name": output.name,
        "suffix": output.suffix,
        "size": output.size,
        "sha256": output.sha256,
        "format": output.format,
        "format_digest": output.format_digest,
        "mapping": output.mapping,
        "mapping_digest": output.mapping_digest,
    }


def _times(transfer: Transfer, at: Callable[[datetime | None], Any]) -> dict[str, Any]:
    return {
        "arrived": at(transfer.arrived_at),
        "settled": at(transfer.settled_at),
        "held_until": at(transfer.held_until),
    }


def _transfer(transfer: Transfer) -> dict[str, Any]:
    return {
        "id": transfer.id,
        "route": transfer.route,
        "partner": transfer.partner,
        "message_type": transfer.message_type,
        "attempt": transfer.attempt,
        "authorised": transfer.authorised,
        "parent": transfer.parent,
        "superseded_by": transfer.superseded_by,
    }


def _identity(transfer: Transfer) -> dict[str, Any]:
    return {
        "sender": transfer.sender,
        "interchange_key": transfer.interchange_key,
        "message_id": transfer.message_id,
        "control_number": transfer.control_number,
        "previous_number": transfer.previous_number,
        "stream": transfer.stream,
    }


def _result(transfer: Transfer) -> dict[str, Any]:
    return {
        "disposition": transfer.settle_as.value if transfer.settle_as else None,
        "path": transfer.settled_path,
        "verdict": transfer.verdict,
        "reason_code": transfer.reason_code,
        "reason": transfer.reason,
    }


def _companion(companion: Companion, transfer: Transfer, settled_name: str) -> dict[str, Any]:
    return {
        **_named("name", companion.name),
        "archived_as": companion_name(settled_name, transfer.id, transfer.name, companion.name),
        "role": companion.role,
        "size": companion.size,
        "sha256": companion.sha256,
    }


def _report(report: str | None, settled_name: str) -> dict[str, str] | None:
    if report is None:
        return None
    digest = hashlib.sha256(report_bytes(report)).hexdigest()
    return {"archived_as": settled_name + REPORT_SUFFIX, "sha256": digest}


def _attempt(attempt: Attempt, at: Callable[[datetime | None], Any]) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "actor": attempt.actor,
        "reason": attempt.reason,
        "started": at(attempt.started_at),
        "ended": at(attempt.ended_at),
        "outcome": attempt.outcome,
        "detail": attempt.detail,
    }


def _delivery(delivery: Delivery, at: Callable[[datetime | None], Any]) -> dict[str, Any]:
    return {
        "destination": delivery.destination,
        "key": delivery.key,
        "attempt": delivery.attempt,
        "place": delivery.place,
        "state": delivery.state.value,
        "tries": delivery.tries,
        "target": delivery.target,
        "delivered": at(delivery.delivered_at),
        "last_error": delivery.last_error,
    }


def _settled_name(transfer: Transfer) -> str:
    return os.path.basename(transfer.settled_path) if transfer.settled_path else archive_name(transfer.name)


def _named(member: str, text: str) -> dict[str, str]:
    """Return a name as text and, where text cannot hold it, its very bytes too."""
    named = {member: portable_text(text)}
    if named[member] != text:
        named[f"{member}_bytes"] = base64.b64encode(os.fsencode(text)).decode("ascii")
    return named


def _clock(time_zone: str) -> Callable[[datetime | None], dict[str, str] | None]:
    """Return the function that writes a time in UTC and in the site's zone."""
    try:
        zone = zoneinfo.ZoneInfo(time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigurationError(f"There is no time zone {time_zone!r}", cause=error) from error

    def at(moment: datetime | None) -> dict[str, str] | None:
        if moment is None:
            return None
        if moment.tzinfo is None:
            raise ValueError("a time without a zone cannot stand in a manifest")
        utc = moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        return {"utc": utc, "site": moment.astimezone(zone).isoformat(timespec="microseconds")}

    return at


def _clean(value: Any) -> Any:
    """Return ``value`` without empty members, and with text only that UTF-8 can hold."""
    if isinstance(value, str):
        return portable_text(value)
    # A dict is asked about by itself: asking whether something is a Mapping takes longer than all the rest.
    if isinstance(value, dict) or (not isinstance(value, _PLAIN) and isinstance(value, Mapping)):
        return {portable_text(key): _clean(item) for key, item in value.items() if item is not None}
    if isinstance(value, _LISTS):
        return [_clean(item) for item in value]
    if isinstance(value, float):
        raise TypeError("a fraction cannot stand in a manifest: values are exact or text")
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member stands twice")
    return members


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


@functools.cache
def _validator() -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for(schema_text())

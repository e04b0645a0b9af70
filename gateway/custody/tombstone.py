"""What stands in the place of a file that retention removed: the tombstone, beside the manifest that stays.

It says what was there (names and digests, from the manifest), and by which approved plan, by whom, when
and why it was removed. The same removal gives the same bytes, however often: it is written from what the
ledger has committed and from the manifest alone. Its form is `tombstone.schema.json`, canonical like a
manifest.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import resources
from typing import Any

from gateway.custody.layout import manifest_of
from gateway.custody.look import exists, open_regular
from gateway.custody.manifest import manifest_bytes
from gateway.custody.names import MANIFEST_SUFFIX, TOMBSTONE_SUFFIX
from gateway.custody.refusals import StrPath, refusing, shown
from gateway.errors import ManifestInvalid
from gateway.printable import portable_text

#: Version of the tombstone's own schema.
TOMBSTONE_VERSION = "1.0"
_SCHEMA = "tombstone.schema.json"
_LARGEST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Authority:
    """By which plan a file is removed, and by whom."""

    run: str
    plan_sha256: str
    planned_at: datetime
    planned_by: str
    reason: str
    approved_at: datetime
    approved_by: str
    approval_reason: str
    begun_at: datetime
    begun_by: str


@dataclass(frozen=True, slots=True)
class Part:
    """One file that a manifest is about: its name beside the manifest, what it is, and its digest."""

    name: str
    role: str  #: ``file``, ``companion``, ``output``, ``report``
    sha256: str | None
    size: int | None = None  #: bytes; of a report no manifest says it


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A tombstone that was read: what it says, and the digest of its bytes."""

    data: Mapping[str, Any]
    sha256: str


def parts_of(manifest: Mapping[str, Any]) -> list[Part]:
    """Return all files that a manifest is about, the data itself first."""
    file = manifest["file"]
    parts = [Part(file["archived_as"], "file", file.get("sha256"), file["size"])]
    parts += [
        Part(one["archived_as"], "companion", one.get("sha256"), one["size"])
        for one in manifest["companions"]
    ]
    if "output" in manifest:
        one = manifest["output"]
        parts.append(Part(one["archived_as"], "output", one["sha256"], one["size"]))
    if "report" in manifest:
        parts.append(Part(manifest["report"]["archived_as"], "report", manifest["report"]["sha256"]))
    return parts


def tombstone_of(path: StrPath) -> str:
    """Return the path of the tombstone of the settled file ``path``."""
    return os.fspath(path) + TOMBSTONE_SUFFIX


def tombstone_bytes(manifest: Mapping[str, Any], manifest_sha256: str, by: Authority) -> bytes:
    """Return the tombstone of the file that ``manifest`` is about, in canonical form.

    Raises ManifestInvalid where the manifest does not say the digest of everything that would go.
    """
    parts = parts_of(manifest)
    if any(part.sha256 is None for part in parts):
        raise ManifestInvalid("The manifest does not say the digests of all its files")
    return manifest_bytes(
        {
            "tombstone": TOMBSTONE_VERSION,
            "transfer": {"id": manifest["transfer"]["id"], "route": manifest["transfer"]["route"]},
            "manifest": {"archived_as": parts[0].name + MANIFEST_SUFFIX, "sha256": manifest_sha256},
            "removed": [_part(part) for part in parts],
            "retention": _authority(by),
        }
    )


def read_tombstone(path: StrPath) -> Tombstone:
    """Return the tombstone at ``path``, checked against its schema; raises ManifestInvalid, CustodyError."""
    with open_regular(path) as file, refusing("read", path):
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ManifestInvalid("The tombstone is too large to be one", where=shown(path))
    try:
        data = json.loads(content.decode("utf-8"))
        problem = next(iter(_validator().iter_errors(data)), None)
    except (ValueError, RecursionError) as error:
        raise ManifestInvalid("The tombstone is not JSON", where=shown(path), cause=error) from error
    if problem is not None:
        message = f"The tombstone does not satisfy its schema: {problem.message}"
        raise ManifestInvalid(message, where=shown(path))
    return Tombstone(data, hashlib.sha256(content).hexdigest())


def standing(path: StrPath, manifest: Mapping[str, Any], manifest_sha256: str | None) -> Tombstone | None:
    """Return the tombstone of the file ``path``, if one stands that is about this very manifest.

    None where there is none, or where a file of its own, with a manifest, has the name.
    Raises ManifestInvalid where it is no tombstone, or is about something else; CustodyError.
    """
    place = tombstone_of(path)
    if not exists(place) or exists(manifest_of(place)):
        return None
    found = read_tombstone(place)
    data = found.data
    said = [Part(one["archived_as"], one["role"], one["sha256"], one.get("size")) for one in data["removed"]]
    about = (data["transfer"]["id"], data["transfer"]["route"])
    if about != (manifest["transfer"]["id"], manifest["transfer"]["route"]) or said != parts_of(manifest):
        raise ManifestInvalid("The tombstone is not about what its manifest is about", where=shown(place))
    if manifest_sha256 is not None and data["manifest"]["sha256"] != manifest_sha256:
        raise ManifestInvalid("The tombstone names another manifest", where=shown(place))
    return found


def authority(data: Mapping[str, Any]) -> Authority:
    """Return by which plan, and by whom, the file of the tombstone ``data`` was removed.

    Raises ValueError for a moment that there is not.
    """
    said = data["retention"]
    names = ("run", "plan_sha256", "planned_by", "reason", "approved_by", "approval_reason", "begun_by")
    return Authority(
        planned_at=datetime.fromisoformat(said["planned"]),
        approved_at=datetime.fromisoformat(said["approved"]),
        begun_at=datetime.fromisoformat(said["begun"]),
        **{name: said[name] for name in names},
    )


def schema_text() -> str:
    """Return the published JSON Schema of tombstones."""
    return resources.files(__package__).joinpath(_SCHEMA).read_text(encoding="utf-8")


def _part(part: Part) -> dict[str, Any]:
    size = {} if part.size is None else {"size": part.size}
    return {"archived_as": part.name, "role": part.role, "sha256": part.sha256, **size}


def _authority(by: Authority) -> dict[str, str]:
    return {
        "run": by.run,
        "plan_sha256": by.plan_sha256,
        "planned": _moment(by.planned_at),
        "planned_by": portable_text(by.planned_by),
        "reason": portable_text(by.reason),
        "approved": _moment(by.approved_at),
        "approved_by": portable_text(by.approved_by),
        "approval_reason": portable_text(by.approval_reason),
        "begun": _moment(by.begun_at),
        "begun_by": portable_text(by.begun_by),
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@functools.cache
def _validator() -> Any:
    import jsonschema_rs

    return jsonschema_rs.validator_for(schema_text())

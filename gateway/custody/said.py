"""What manifests in the archive say of the files beside them."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass

from gateway.custody.copies import read_whole
from gateway.custody.look import look, open_regular
from gateway.custody.manifest import read_manifest
from gateway.custody.names import MANIFEST_SUFFIX, REPORT_SUFFIX, TOMBSTONE_SUFFIX
from gateway.custody.refusals import StrPath, refusing
from gateway.custody.tombstone import parts_of
from gateway.errors import CustodyError, ManifestInvalid
from gateway.printable import printable

# No manifest of the gateway is larger; a bigger file under such a name is not read into memory.
_LARGEST_MANIFEST = 64 * 1024 * 1024
# Of larger ones what they say is not kept.
_USUAL_MANIFEST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Said:
    """Name and digest of the files that a manifest is about, or what is wrong with it."""

    parts: tuple[tuple[str, str | None], ...] = ()
    fault: str | None = None


def said_at(path: str) -> Said:
    """Return what the manifest at ``path`` says."""
    try:
        return _said(read_file(path), path)
    except CustodyError as error:
        return Said(fault=str(error))


def hashed_and_said(path: str) -> tuple[str, int, Said] | None:
    """Return SHA-256 (hex) and size of the manifest at ``path``, and what it says; it is read once.

    None if it is unusually large. Raises what `hash_file` raises.
    """
    whole = read_whole(path, _USUAL_MANIFEST)
    if whole is None:
        return None
    data, sha256 = whole
    try:
        return sha256, len(data), _said(data, path)
    except CustodyError as error:
        return sha256, len(data), Said(fault=str(error))


def _said(data: bytes, path: str) -> Said:
    manifest = read_manifest(data)
    about = manifest["file"]["archived_as"]
    if about != os.path.basename(path).removesuffix(MANIFEST_SUFFIX):
        return Said(fault=f"it is about {printable(about)}")
    return Said(tuple((part.name, part.sha256) for part in parts_of(manifest)))


def read_file(path: StrPath) -> bytes:
    """Return the bytes of the manifest at ``path``; raises ManifestInvalid if it is too large to be one."""
    with open_regular(path) as file, refusing("read", path):
        data = file.read(_LARGEST_MANIFEST + 1)
    if len(data) > _LARGEST_MANIFEST:
        raise ManifestInvalid("The manifest is too large to be one", where=printable(os.fspath(path)))
    return data


def claimed(path: str, data_name: str) -> set[str]:
    """Return the names that an edited manifest of ``data_name`` accounts for, as far as it can be read."""
    names = {os.path.basename(path), data_name, data_name + REPORT_SUFFIX, data_name + TOMBSTONE_SUFFIX}
    with contextlib.suppress(CustodyError):
        names |= {part.name for part in parts_of(read_manifest(read_file(path)))}
    return names


def roles(directory: str) -> dict[str, str]:
    """Return which files of ``directory`` its manifests call outputs and companions."""
    found: dict[str, str] = {}
    with contextlib.suppress(CustodyError):
        for entry in look(directory):
            if entry.name.endswith(MANIFEST_SUFFIX):
                with contextlib.suppress(CustodyError):
                    manifest = read_manifest(read_file(os.path.join(directory, entry.name)))
                    found.update((one["archived_as"], "companion") for one in manifest["companions"])
                    found.update(
                        {manifest["output"]["archived_as"]: "output"} if "output" in manifest else {}
                    )
    return found

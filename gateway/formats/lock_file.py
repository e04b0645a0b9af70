"""``formats.lock``: the lock of a catalogue as a file that people read and versioning shows line by line.

JSON, two blanks to a level, one entry after the other in the order in which they were made. The hash
of an entry is SHA-256 over the hash of the entry before it (64 zeros for the first), one line feed,
and the entry without its hash as JSON in UTF-8 with sorted keys and no blanks.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from typing import TYPE_CHECKING, Any

from gateway import documents
from gateway.errors import LockInvalid
from gateway.formats.digests import FileDigest
from gateway.formats.lock import Approval, Entry, Lock, Release, Retirement, Signature
from gateway.model import Problem
from gateway.printable import printable

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "formats.lock"

_START = "0" * 64
_HINT = "Put the lock back as it was, from the version control or a backup; the gateway never repairs it"
_APPROVED = ("fingerprint", "old", "new", "kind", "path", "old_under_new", "new_under_old", "why")

Data = Mapping[str, Any]


def read_lock(directory: Path) -> Lock:
    """Return the lock of the catalogue in ``directory``; an empty one where there is no file.

    Raises LockInvalid if the file cannot be read, breaks its schema, or was edited by hand.
    """
    path = directory / FILE_NAME
    try:
        os.lstat(path)
    except FileNotFoundError:
        return Lock(where=str(path))
    except OSError:
        pass  # it is not gone: reading it says what is wrong
    try:
        return _parsed(documents.content(path), str(path))
    except documents.DocumentError as error:
        raise LockInvalid(where=str(path), cause=error.cause, hint=_HINT, problems=error.problems) from error


@functools.lru_cache(maxsize=16)
def _parsed(content: bytes, where: str) -> Lock:
    """Return the lock in ``content``: every pass asks, and it seldom changes."""
    return _checked(documents.parse(content, where))


def demand_readable(content: bytes, path: Path) -> None:
    """Raise LockInvalid unless ``content``, to be written to ``path``, will be read again as a lock."""
    try:
        document = documents.parse(content, str(path))
    except documents.DocumentError as error:
        raise LockInvalid(where=str(path), problems=error.problems) from error
    _checked(document)


def _checked(document: documents.Document) -> Lock:
    path = document.file
    problems = documents.validate(document, schema())
    if problems:
        raise LockInvalid(where=path, hint=_HINT, problems=problems)
    _demand_chain(document)
    try:
        entries = tuple(_entry(one) for one in document.data["entries"])
    except ValueError as error:  # a moment that is none, although it looks like one
        raise LockInvalid(where=path, cause=error, hint=_HINT) from error
    return Lock(entries, path)


def demand_continued(lock: Lock, noted: str) -> None:
    """Raise LockInvalid unless ``lock`` has the entry with the hash ``noted`` (empty: any lock will do)."""
    if noted in ("", _START, *chain(lock)):
        return
    raise LockInvalid(
        "The lock is not the one that was worked with: the last entry it had then is not in it, so it is "
        "an older copy or was written anew",
        where=lock.where,
        hint="Put the newest lock back; where this one is meant, `gateway formats accept` says so on record",
        problems=[Problem(lock.where, "the entry is gone", found=head(lock), allowed=noted)],
    )


@functools.cache
def schema() -> Data:
    """Return the published JSON Schema of ``formats.lock``."""
    text = resources.files("gateway.formats").joinpath("lock.schema.json").read_text("utf-8")
    data: Data = json.loads(text)
    return data


def rendered(lock: Lock) -> bytes:
    """Return the content of the file for ``lock``; the same entries give the same bytes."""
    hashes = chain(lock)
    entries = [{**_data(one), "hash": own} for one, own in zip(lock.entries, hashes, strict=True)]
    text = json.dumps({"schema": 1, "entries": entries}, ensure_ascii=False, indent=2)
    return f"{text}\n".encode()


def chain(lock: Lock) -> list[str]:
    """Return the hash of each entry, in order."""
    hashes: list[str] = []
    for one in lock.entries:
        hashes.append(_hash(hashes[-1] if hashes else _START, _data(one)))
    return hashes


def head(lock: Lock) -> str:
    """Return the hash of the last entry, which stands for the whole lock; 64 zeros for an empty one."""
    return (chain(lock) or [_START])[-1]


def _hash(before: str, data: Data) -> str:
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()


def _demand_chain(document: documents.Document) -> None:
    before = _START
    for index, data in enumerate(document.data["entries"]):
        before = _hash(before, {key: value for key, value in data.items() if key != "hash"})
        if before != data["hash"]:
            name = data.get("item") or data.get("fingerprint")
            message = f"entry {index + 1} ({data['action']} {name}) or one before it was edited or taken away"
            problem = document.problem(("entries", index, "hash"), message, data["hash"], before)
            raise LockInvalid(
                "The lock of the catalogue was changed by hand",
                where=document.file,
                hint=_HINT,
                problems=[problem],
            )


def _data(entry: Entry) -> dict[str, Any]:
    """Return an entry as JSON-ready data, without its hash."""
    signed = entry.signed
    signature = {"at": signed.at.isoformat(), "by": signed.by, "host": signed.host, "reason": signed.reason}
    if isinstance(entry, Release):
        files = [{"name": one.name, "size": one.size, "sha256": one.sha256} for one in entry.files]
        return {"action": "lock", "item": entry.item, "digest": entry.digest, "files": files, **signature}
    if isinstance(entry, Retirement):
        return {"action": "retire", "item": entry.item, **signature}
    said = {name: getattr(entry, name) for name in _APPROVED}
    return {"action": "approve", **said, **signature}


def _entry(data: Data) -> Entry:
    signed = Signature(datetime.fromisoformat(data["at"]), data["by"], data["reason"], data["host"])
    if data["action"] == "lock":
        files = tuple(FileDigest(one["name"], one["size"], one["sha256"]) for one in data["files"])
        return Release(data["item"], data["digest"], files, signed)
    if data["action"] == "retire":
        return Retirement(data["item"], signed)
    said: dict[str, Any] = {name: data[name] for name in _APPROVED}
    return Approval(**said, signed=signed)


def safe_text(text: str) -> str:
    """Return ``text`` on one line and without characters that would not survive in the file."""
    return printable(" ".join(text.split()))

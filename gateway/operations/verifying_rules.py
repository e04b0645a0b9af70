"""What files are judged by, against what is on record of it: configuration, lock, formats, mappings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from gateway.config.changes import changes
from gateway.config.loading import redacted
from gateway.errors import FormatChanged, FormatError, LockInvalid
from gateway.formats.digests import Digests, digests_of
from gateway.formats.lock import Lock, Release
from gateway.formats.lock_file import demand_continued, read_lock
from gateway.ledger import audit
from gateway.ledger.checkpoint_lines import Trouble
from gateway.operations.verifying_rows import in_words
from gateway.stages.context import Context
from gateway.stages.in_force import IN_FORCE, recall_lock

_CONFIGURATION = "config/gateway.yaml"


def verify_rules(context: Context) -> Iterator[Trouble]:
    """Yield where configuration, lock, formats or mappings are not those that are on record."""
    yield from _configuration(context)
    recall_lock(context)
    directory = context.catalogue.directory
    try:
        lock = read_lock(directory)
    except LockInvalid as error:
        yield _of_lock(context, "lock-altered", error)
        return
    try:
        demand_continued(lock, context.catalogue.noted)
    except LockInvalid as error:
        yield _of_lock(context, "lock-replaced", error)
    for entry in lock.entries:
        if isinstance(entry, Release):
            yield from _item(context, lock, entry, directory)


def _configuration(context: Context) -> Iterator[Trouble]:
    with context.ledger.read() as connection:
        newest = audit.read(connection, action=IN_FORCE, limit=1)
    said = (newest[0].entry.new or {}) if newest else {}
    recorded = said.get("configuration")
    if not newest or recorded == context.site.digest:
        return
    before = said.get("text")
    found = changes(before, redacted(context.site.directory)) if isinstance(before, dict) else []
    first = found[0] if found else None
    many = "1 setting differs" if len(found) == 1 else f"{len(found)} settings differ"
    message = (
        f"The configuration is not the one that passes worked with last (entry {newest[0].sequence} of the "
        f"trail); {many}. Where that is meant, the next pass puts it on record"
    )
    yield Trouble(
        "configuration-changed",
        message,
        _CONFIGURATION,
        None,
        newest[0].sequence,
        first.path if first else None,
        in_words(first.old) if first else str(recorded),
        in_words(first.new) if first else context.site.digest,
    )


def _of_lock(context: Context, code: str, error: LockInvalid) -> Trouble:
    problem = error.problems[0] if error.problems else None
    message = error.message if problem is None else f"{error.message}: {problem.message}"
    file = _shown(context, context.catalogue.directory / "formats.lock")
    if problem is None:
        return Trouble(code, message, file)
    return Trouble(
        code, message, file, problem.line, None, problem.path or None, problem.allowed, problem.found
    )


def _item(context: Context, lock: Lock, entry: Release, directory: Path) -> Iterator[Trouble]:
    """Compare the files of one released version or mapping with what was locked."""
    kind, _blank, rest = entry.item.partition(" ")
    is_mapping = "/" in rest
    what = "mapping" if is_mapping else "format"
    place = directory / kind / (os.path.dirname(rest) if is_mapping else rest)
    names = [os.path.basename(rest)] if is_mapping else None
    file = _shown(context, directory / kind / rest)
    try:
        found = digests_of(place, names) if place.is_dir() else Digests("", ())
        lock.demand_unchanged(entry.item, found, str(place))
    except FormatChanged as error:
        problem = error.problems[0] if error.problems else None
        missing = not (directory / kind / rest).exists()
        code = f"{what}-missing" if missing else f"{what}-altered"
        where = _shown(context, problem.file) if problem else file
        told = (problem.allowed, problem.found) if problem else (entry.digest, found.whole)
        yield Trouble(code, error.message, where, None, None, None, *told)
    except (FormatError, OSError) as error:
        code = f"{what}-altered" if place.is_dir() and not is_mapping else f"{what}-missing"
        yield Trouble(code, f"{entry.item} cannot be read: {error}", file, recorded=entry.digest)


def _shown(context: Context, path: str | Path) -> str:
    """Return ``path`` relative to the site where it is in it: the catalogue may stand elsewhere."""
    text, site = os.path.abspath(path), os.fspath(context.site.directory)
    return os.path.relpath(text, site) if text.startswith(f"{site}{os.sep}") else text

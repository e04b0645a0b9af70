"""Whether two ledgers say the same, ids and times aside: then what follows is the same too.

So a run that was killed, and has come to what the undisturbed run had at the end of the same step, need
not be followed any further; and what a kill leaves need not be recovered from a second time.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

_ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_DIGEST = re.compile(r"[0-9a-f]{64}|b'(?:[^'\\]|\\.)*'|b\"(?:[^\"\\]|\\.)*\"")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?")
#: Times in numbers, heads of digests; a control number begins with zeros.
_LARGE = re.compile(r"(?<![\d.])-?[1-9]\d{6,}(?![\d.;])")
#: Inodes: in a column of their own, behind the name of a directory, of companions.
_INODE = re.compile(r"(?<=')[1-9]\d{2,}(?=')|(?<=#)\d+(?=')|(?<=inode\":)\d+")
#: Of SQLite's write-ahead log, with its usual pages, in bytes.
_WAL_HEADER, _WAL_FRAME = 32, 24 + 4096
#: Times of the gateway's own clock.
_SECONDS = re.compile(r"(?<=[ \"'(])\d+\.\d{3,}")


def ledger_lines(path: Path) -> list[str]:
    """Return every row of every table as one line without times; ids are numbered in their order."""
    return sorted(_plain(_rows(path)).splitlines())


def remains(directory: Path, scratch: Path) -> str:
    """Return a digest of all that a killed run left in ``directory``, ids, times and inodes aside.

    Names, what is in every file, the rows of the ledger, and whether its log ends within a frame: how
    many whole frames follow the last commit there makes no difference to whoever opens it. The ledger is
    read in ``scratch``, as that changes what lies beside it.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    ledger = directory / "site" / "ledger"
    shutil.copytree(ledger, scratch)
    found = list(_contents(directory, ledger))
    if (scratch / "gateway.db").exists():
        found.append(_rows(scratch / "gateway.db"))
    return hashlib.sha256(_plain("\n".join(found)).encode(errors="surrogateescape")).hexdigest()


def _contents(directory: Path, ledger: Path) -> Iterator[str]:
    for place, directories, names in os.walk(directory):
        directories.sort()
        yield place
        for name in sorted(names):
            path = Path(place) / name
            if path.is_relative_to(ledger):
                size = path.stat().st_size
                if name.endswith("-wal"):
                    size = bool(size) + ((size - _WAL_HEADER) % _WAL_FRAME > 0)
                yield f"{name} {size}"
            elif "formats" not in path.parts:
                yield f"{name} {path.read_bytes().decode('latin-1')}"


def _rows(path: Path) -> str:
    """Return the rows of a ledger, one a line."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
        names = [row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return "\n".join(
            f"{name} {row!r}"
            for name in names
            for row in base.execute(f'SELECT * FROM "{name}"')  # noqa: S608 - names of tables
        )


def _plain(text: str) -> str:
    """Return a text without what differs from run to run."""
    places = {one: f"ID{place}" for place, one in enumerate(sorted(set(_ID.findall(text))))}
    text = _ID.sub(lambda found: places[found[0]], _DIGEST.sub("DIGEST", text))
    for pattern, word in ((_TIME, "TIME"), (_SECONDS, "SECONDS"), (_LARGE, "LARGE"), (_INODE, "INODE")):
        text = pattern.sub(word, text)
    return text

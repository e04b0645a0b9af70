"""Whether two ledgers say the same, ids and times aside: then what follows is the same too.

So a run that was killed, and has come to what the undisturbed run had at the end of the same step, need
not be followed any further. What is only alike is followed to the end of the day.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

_ID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_DIGEST = re.compile(r"[0-9a-f]{64}|b'(?:[^'\\]|\\.)*'|b\"(?:[^\"\\]|\\.)*\"")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)?")
#: Times in numbers, heads of digests; a control number begins with zeros.
_LARGE = re.compile(r"(?<![\d.])-?[1-9]\d{6,}(?![\d.;])")
#: Inodes: in a column of their own, behind the name of a directory, of companions.
_INODE = re.compile(r"(?<=')[1-9]\d{2,}(?=')|(?<=#)\d+(?=')|(?<=inode\":)\d+")
#: Times of the gateway's own clock.
_SECONDS = re.compile(r"(?<=[ \"'(])\d+\.\d{3,}")


def ledger_lines(path: Path) -> list[str]:
    """Return every row of every table as one line without times; ids are numbered in their order."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
        names = [row[0] for row in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = [f"{name} {row!r}" for name in names for row in base.execute(f'SELECT * FROM "{name}"')]  # noqa: S608
    ids = sorted({one for row in rows for one in _ID.findall(row)})
    places = {one: f"ID{place}" for place, one in enumerate(ids)}
    return sorted(_plain(row, places) for row in rows)


def _plain(row: str, places: dict[str, str]) -> str:
    text = _ID.sub(lambda found: places[found[0]], _DIGEST.sub("DIGEST", row))
    for pattern, word in ((_TIME, "TIME"), (_SECONDS, "SECONDS"), (_LARGE, "LARGE"), (_INODE, "INODE")):
        text = pattern.sub(word, text)
    return text

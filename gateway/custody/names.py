"""Names that are safe on every system, made from names that may be any bytes. No I/O.

A byte that is not safe in an archive name is written as ``~XX`` (two upper-case hex digits). The
tilde, and not the percent sign, because the day lists have to satisfy two readers: BagIt (RFC 8493,
2.1.3) wants a percent sign escaped, ``sha256sum -c`` wants it as it is; so none may be left in a name.
Two different names stay different, except that a name too long is cut and told apart by its hash.
"""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata

#: Longest file name of the usual file systems, in bytes.
LONGEST = 255
#: What ``archive_name`` leaves free for ``.manifest.json``, ``.report.txt`` and the like.
ROOM = 40

MANIFEST_SUFFIX = ".manifest.json"
REPORT_SUFFIX = ".report.txt"
#: Of what stands in the place of a file that retention removed.
TOMBSTONE_SUFFIX = ".tombstone.json"
DAY_LIST = "manifest-sha256.txt"
TEMPORARY_PREFIX = ".part-"
FETCH_PREFIX = ".fetch-"
#: Of a file in work that the disk did not take: it gets its name back when it was written anew.
UNSYNCED_SUFFIX = ".unsynced"

# What Windows shares refuse, the shell's backslash, and the percent sign (see above).
_FORBIDDEN = frozenset('/\\<>:"|?*%')
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_LEADING = frozenset("-. ~")
_TRAILING = frozenset(". ")
_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])[ ]*(\..*)?", re.IGNORECASE | re.DOTALL
)
#: Nothing in such a name has to be escaped for what it is, and most names are such.
_PLAIN = re.compile(r"[A-Za-z0-9_. -]*")
_UNIT = re.compile(r"~[0-9A-F]{2}|.", re.DOTALL)
_HEX = frozenset("0123456789ABCDEF")
_LONGEST_EXTENSION = 16


def archive_name(name: str, room: int = ROOM) -> str:
    """Return the name under which a file called ``name`` is kept; plain names stay as they are.

    Args:
        name: one path component as ``os.fsdecode`` gives it; may hold any character.
        room: bytes to leave free below 255 for the suffixes of its companions, at most 150.
    """
    units = list(name) if _PLAIN.fullmatch(name) else [_unit(name, at) for at in range(len(name))]
    if not units:
        units = ["~"]
    if _RESERVED.fullmatch(name) or name.lower() == DAY_LIST or name[0:1] in _LEADING:
        units[0] = _escaped(name[0:1])
    if name[-1:] in _TRAILING:
        units[-1] = _escaped(name[-1])
    if name.lower().endswith((MANIFEST_SUFFIX, REPORT_SUFFIX, TOMBSTONE_SUFFIX)):
        # A data file must not look like the manifest, report or tombstone of another one.
        dot = name.rindex(".")
        units[dot] = _escaped(".")
    safe = "".join(units)
    if len(os.fsencode(safe)) <= LONGEST - room:
        return safe
    return _cut(safe, f"--{_short_hash(name)}", LONGEST - room)


def numbered(name: str, transfer_id: str) -> str:
    """Return the variant of an archive ``name`` that is taken: the id goes before the extension."""
    return _cut(name, f"--{archive_name(transfer_id)}", LONGEST - ROOM)


def working_name(transfer_id: str, name: str) -> str:
    """Return the name of a file inside ``working``: unique by the transfer, readable by people."""
    prefix = f"{archive_name(transfer_id)}-"
    return prefix + archive_name(name, room=min(ROOM + len(prefix), 150))


def companion_name(settled_name: str, transfer_id: str, original: str, companion: str) -> str:
    """Return the archive name of a ``companion`` of the file ``original`` settled as ``settled_name``.

    It keeps its own name where the file did, and is numbered where the file had to be.
    """
    own = archive_name(companion)
    return own if settled_name == archive_name(original) else numbered(own, transfer_id)


def temporary_name(final_name: str) -> str:
    """Return the hidden name under which ``final_name`` is written: short, and the same every time.

    A writer that is tried again after a crash finds and replaces what it left.
    """
    return TEMPORARY_PREFIX + _short_hash(final_name)


def _unit(name: str, at: int) -> str:
    """Return the character at ``at``, escaped where it has to be."""
    char = name[at]
    if char in _FORBIDDEN or unicodedata.category(char) in _HIDDEN_CATEGORIES:
        return _escaped(char)
    pair = name[at + 1 : at + 3]
    if char == "~" and len(pair) == 2 and _HEX.issuperset(pair):
        return _escaped(char)  # it would read as an escape
    return char


def _escaped(char: str) -> str:
    return "".join(f"~{byte:02X}" for byte in _raw(char))


def _raw(text: str) -> bytes:
    """Return the bytes of ``text``; surrogates that stand for no byte keep their own code."""
    try:
        return os.fsencode(text)
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _cut(name: str, mark: str, limit: int) -> str:
    """Return ``name`` with ``mark`` before its extension, its stem cut so that ``limit`` bytes hold."""
    stem, dot, tail = name.rpartition(".")
    extension = dot + tail
    if not stem or len(os.fsencode(extension)) > _LONGEST_EXTENSION:
        stem, extension = name, ""
    free = limit - len(os.fsencode(mark + extension))
    kept = []
    for unit in _UNIT.findall(stem):
        free -= len(os.fsencode(unit))
        if free < 0:
            break
        kept.append(unit)
    return "".join(kept) + mark + extension


def _short_hash(name: str) -> str:
    return hashlib.sha256(_raw(name)).hexdigest()[:16]

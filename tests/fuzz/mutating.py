"""Mutations that know what files look like: a good sample, changed step by step.

An edit is a tuple of small numbers, so that hypothesis can draw, replay and shrink it; applied to the
same bytes it gives the same bytes.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

#: Operation, where (in 65536ths), how much, which token.
Edit = tuple[int, int, int, int]

#: Longest result: enough for limits of lines and attributes, little enough for speed.
MOST_BYTES = 256 * 1024

TOKENS = (
    b"", b"\0", b"\xff", b"\x80", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xc2\xa0",
    "\u2028\u202e\u0000".encode(), b"\r", b"\n", b"\r\n", b"\x1a", b"\x0b\x0c\x85", b"\x1b[2J",
    b'"', b"'", b";", b",", b"|", b"\t", b" ", b"\\", b"/", b"%", b"~", b"`", b"../", b"*", b"?",
    b"9" * 400, b"-", b"+", b"-0", b"0x10", b"1e999999999", b"1E-999999999", b"1.", b".5", b"NaN",
    b"Infinity", b"18446744073709551616", b"-9223372036854775809", b"00", b"1_000", "١٢".encode(),
    b"null", b"true", b"{", b"}", b"[", b"]", b":", b'{"a":', b"[[[[", b'"\\ud800"', b"\\u0000",
    b"<", b">", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?x ?>", b"<!DOCTYPE a [<!ENTITY b 'c'>]>",
    b"&b;", b"&amp;", b"&#0;", b"&#x110000;", b"<a>", b"</a>", b"<a/>", b" a='b'", b"xmlns='u:x'",
    b"- ", b"*a", b"&a ", b"!!python/object:os.system ", b"? ", b"|\n", b">\n", b"# ", b"---\n", b"<<: *a",
    b"2026-02-30", b"9999-12-31", b"0000-00-00", b"24:60:61", b"20261332", b"(a+)+$", b"(?i)x", b"\\d",
)  # fmt: skip


def apply(data: bytes, edits: Sequence[Edit], tokens: Sequence[bytes] = ()) -> bytes:
    """Return ``data`` after all ``edits``; ``tokens`` come before the general ones."""
    every = (*tokens, *TOKENS)
    for operation, where, much, which in edits:
        change = OPERATIONS[operation % len(OPERATIONS)]
        at = where * (len(data) + 1) >> 16
        data = change(data, at, much, every[which % len(every)])[:MOST_BYTES]
    return data


def any_edits(source: random.Random, most: int = 6) -> list[Edit]:
    """Return edits drawn from ``source``, mostly few."""
    count = min(source.randint(1, most), source.randint(1, most))
    return [
        (source.randrange(64), source.randrange(65536), source.randrange(256), source.randrange(4096))
        for _ in range(count)
    ]


def _truncate(data: bytes, at: int, much: int, token: bytes) -> bytes:
    return data[:at]


def _behead(data: bytes, at: int, much: int, token: bytes) -> bytes:
    return data[at:]


def _cut(data: bytes, at: int, much: int, token: bytes) -> bytes:
    return data[:at] + data[at + much + 1 :]


def _double(data: bytes, at: int, much: int, token: bytes) -> bytes:
    return data[: at + much] + data[at:]


def _insert(data: bytes, at: int, much: int, token: bytes) -> bytes:
    return data[:at] + token + data[at:]


def _replace(data: bytes, at: int, much: int, token: bytes) -> bytes:
    return data[:at] + token + data[at + max(1, len(token)) :]


def _repeat(data: bytes, at: int, much: int, token: bytes) -> bytes:
    return data[:at] + token * (much * much // 4 + 1) + data[at:]


def _byte(data: bytes, at: int, much: int, token: bytes) -> bytes:
    return data[:at] + bytes([much]) + data[at + 1 :]


def _flip(data: bytes, at: int, much: int, token: bytes) -> bytes:
    return data[:at] + bytes([(data[at] if at < len(data) else 0) ^ 1 << much % 8]) + data[at + 1 :]


def _swap_halves(data: bytes, at: int, much: int, token: bytes) -> bytes:
    return data[at:] + data[:at]


def _line(data: bytes, at: int) -> tuple[int, int]:
    start = data.rfind(b"\n", 0, at) + 1
    end = data.find(b"\n", at) + 1
    return start, end or len(data)


def _drop_line(data: bytes, at: int, much: int, token: bytes) -> bytes:
    start, end = _line(data, at)
    return data[:start] + data[end:]


def _repeat_line(data: bytes, at: int, much: int, token: bytes) -> bytes:
    start, end = _line(data, at)
    return data[:end] + data[start:end] * (much + 1) + data[end:]


def _swap_lines(data: bytes, at: int, much: int, token: bytes) -> bytes:
    start, end = _line(data, at)
    after = data.find(b"\n", end) + 1 or len(data)
    return data[:start] + data[end:after] + data[start:end] + data[after:]


def _word(data: bytes, at: int, much: int, token: bytes) -> bytes:
    """Replace the next word or number by a token."""
    found = re.compile(rb"[A-Za-z0-9_.+-]+").search(data, at)
    return data[: found.start()] + token + data[found.end() :] if found else data + token


def _number(data: bytes, at: int, much: int, token: bytes) -> bytes:
    """Replace the next digits by ones as long as no number is."""
    found = re.compile(rb"[0-9]+").search(data, at)
    digits = b"1" * (1, 2, 19, 39, 400, 5000)[much % 6]
    return data[: found.start()] + digits + data[found.end() :] if found else data


def _move_word(data: bytes, at: int, much: int, token: bytes) -> bytes:
    """Write a word from the beginning of the file at this place: names where other names stood."""
    words = re.findall(rb"[A-Za-z0-9_.:/-]+", data[:16384])
    return _word(data, at, much, words[(much * 7919 + at) % len(words)]) if words else data


def _line_ends(data: bytes, at: int, much: int, token: bytes) -> bytes:
    plain = data.replace(b"\r\n", b"\n")
    return data[:at] + plain[at:].replace(b"\n", (b"\r\n", b"\r", b"\n\r", b"\0", b"\n\n")[much % 5])


def _recode(data: bytes, at: int, much: int, token: bytes) -> bytes:
    codec = ("utf-16", "utf-16-be", "utf-8-sig", "cp1252", "utf-7", "utf-32")[much % 6]
    return data.decode("utf-8", "replace").encode(codec, "replace")


def _deepen(data: bytes, at: int, much: int, token: bytes) -> bytes:
    """Put brackets or tags around the rest."""
    opening, closing = ((b"[", b"]"), (b'{"a":', b"}"), (b"<a>", b"</a>"), (b"(", b")"), (b"{", b"}"))[
        much % 5
    ]
    depth = much * much // 8 + 1
    return data[:at] + opening * depth + data[at:] + closing * depth


def _unquote(data: bytes, at: int, much: int, token: bytes) -> bytes:
    """Take the next quotation mark away: what it closed stays open."""
    found = re.compile(rb"[\"'>\]}]").search(data, at)
    return data[: found.start()] + data[found.end() :] if found else data


OPERATIONS: tuple[Callable[[bytes, int, int, bytes], bytes], ...] = (
    _truncate, _behead, _cut, _double, _insert, _replace, _repeat, _byte, _flip, _swap_halves, _drop_line,
    _repeat_line, _swap_lines, _word, _number, _move_word, _line_ends, _recode, _deepen, _unquote,
)  # fmt: skip

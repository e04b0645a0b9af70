"""Text that came from outside, made safe to show: one line, nothing that a terminal would obey."""

from __future__ import annotations

import os


def printable(text: str) -> str:
    r"""Return ``text`` with everything that is not printable escaped: controls, overrides, stray bytes.

    A byte of a file name that was not UTF-8 (a surrogate, as ``os.fsdecode`` keeps it) shows as
    ``\xNN``. Two different texts may look the same in this form.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def portable_text(text: str) -> str:
    r"""Return ``text`` with bytes that were not UTF-8 (lone surrogates) written as ``\xNN``."""
    if text.isascii():
        return text
    try:
        return os.fsencode(text).decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _escape(char: str) -> str:
    if "\udc80" <= char <= "\udcff":
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")

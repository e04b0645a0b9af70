"""Patterns of XML Schema (Part 2, appendix F) in the words of the gateway's own regular expressions."""

from __future__ import annotations

import re

#: Escapes that mean a class: exact ones, and ASCII ones that stand in where only an example is wanted.
_EXACT = {"s": r" \t\n\r", "n": r"\n", "r": r"\r", "t": r"\t"}
_NEAR = {**_EXACT, "d": "0-9", "w": "A-Za-z0-9", "i": "A-Za-z_:", "c": "A-Za-z0-9._:-"}
_PIECE = re.compile(r"\\p\{[^}]*\}|\\P\{[^}]*\}|\\.|-\[[^\]]*\]|.", re.DOTALL)


def translated(pattern: str, *, near: bool = False) -> str | None:
    """Return ``pattern`` as a regular expression for a whole text; None where it cannot be said exactly.

    With ``near`` classes of Unicode are narrowed to ASCII, which is good enough to look for an example.
    """
    classes = _NEAR if near else _EXACT
    made: list[str] = []
    inside = False
    for piece in _PIECE.findall(pattern):
        part = _inside(piece, classes) if inside else _outside(piece, classes)
        if part is None or (inside and piece.startswith("-[") and not near):
            return None
        inside = piece == "[" or (inside and piece != "]")
        made.append(part)
    return None if inside else "".join(made)


def _outside(piece: str, classes: dict[str, str]) -> str | None:
    if piece.startswith("-["):  # a hyphen before a class: only within one it is a subtraction
        inner = translated(piece[1:])
        return None if inner is None else "-" + inner
    if piece in "^$":
        return "\\" + piece
    if piece == ".":
        return r"[^\n\r]"
    if piece.startswith("\\"):
        known = classes.get(piece[1:])
        return f"[{known}]" if known else _escaped(piece)
    return piece


def _inside(piece: str, classes: dict[str, str]) -> str | None:
    if piece.startswith("-["):
        return ""  # the subtraction is left out: what it takes away is found out by trying
    if piece.startswith("\\"):
        return classes.get(piece[1:]) or _escaped(piece)
    return "\\[" if piece == "[" else piece


def _escaped(piece: str) -> str | None:
    return piece if len(piece) == 2 and not piece[1].isalnum() else None

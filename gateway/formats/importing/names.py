"""Names of fields and record types from the names of a source; texts as YAML has them."""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 63
#: Letters that are written with others where there are only those of ASCII.
_LETTERS = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "Ä": "Ae",
        "Ö": "Oe",
        "Ü": "Ue",
        "ß": "ss",
        "æ": "ae",
        "ø": "o",
        "ł": "l",
    }
)


def snake(source: str) -> str:
    """Return ``source`` as a name of the definition: small letters, digits, underscores, a letter first."""
    latin = unicodedata.normalize("NFC", source).translate(_LETTERS)
    bare = "".join(char for char in unicodedata.normalize("NFKD", latin) if not unicodedata.combining(char))
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", bare)
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    if not name or not name[0].isalpha():
        name = f"f_{name}".rstrip("_")
    return name[:_LONGEST]


def unique(name: str, taken: set[str]) -> str:
    """Return ``name``, with a number behind it where it is taken, and take it."""
    candidate, number = name, 2
    while candidate in taken:
        ending = f"_{number}"
        candidate, number = f"{name[: _LONGEST - len(ending)]}{ending}", number + 1
    taken.add(candidate)
    return candidate


def quoted_exactly(text: str) -> str:
    """Return ``text`` as a YAML scalar in double quotes, its blanks kept."""
    return f'"{"".join(map(_character, text))}"'


def quoted(text: str) -> str:
    """Return words for people as a YAML scalar in double quotes, on one line, half characters replaced."""
    one_line = re.sub(r"\s+", " ", text).strip()
    return quoted_exactly(one_line.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _character(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    # not as JSON has it: YAML does not put two halves of a character together
    return char if char.isprintable() else f"\\U{ord(char):08X}"

"""The text of whole elements as a table of its tags: many at once, without an object for each.

A tag is what stands from ``<`` to ``>``; with it goes the text up to the next one. Few different tags
make up a document, so what a tag says is found once for each of them. This is no parser: libxml2 says
whether the text is well-formed, and what is not plain (comments, CDATA sections, processing instructions,
declarations of namespaces, single quotes) is left to it: `OddError`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

BLANKS = " \t\n"
#: Bytes of a tag: a longer one is looked at by itself, see `xml_guard`.
MAX_TAG = 4000

_XML = "http://www.w3.org/XML/1998/namespace"
_NAME = r"^/?([^ \t\n/]+)"
_ATTRIBUTE = r"""[ \t\n]+[^ \t\n=]+[ \t\n]*=[ \t\n]*(?:"[^"]*"|'[^']*')"""
_REFERENCE = re.compile(r"&(?:#([0-9]{1,7}|x[0-9A-Fa-f]{1,6})|(amp|lt|gt|quot|apos));")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


class OddError(Exception):
    """There is something in the text that has to be looked at element by element."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """The different tags of a text, and what each of them says."""

    tags: pl.Enum
    step: pl.Series  #: 1: a start tag, -1: an end tag, 0: of an empty element
    name: pl.Series  #: a number for ``names``
    names: list[str]  #: qualified
    attributes: dict[str, pl.Series]  #: qualified name -> value, or null


class TagReader:
    """Reads texts with the same namespaces, which have mostly the same tags."""

    def __init__(self, namespaces: Mapping[str | None, str]) -> None:
        """Take the namespaces of the texts' prefixes."""
        self._namespaces = namespaces
        self._kinds: Kinds | None = None

    def read(self, text: str) -> tuple[pl.DataFrame, Kinds]:
        """Return the tags of ``text`` in their order, and what they say. Raises OddError.

        The columns are ``kind``, ``step`` and ``name``; ``text``, which stands up to the next tag; and
        ``line``, the line feeds before the tag.
        """
        if "\r" in text:
            text = text.replace("\r\n", "\n")
            if "\r" in text:
                raise OddError
        parts = pl.Series([text]).str.split("<").explode()
        if parts[0].strip(BLANKS):
            raise OddError
        feeds = parts.str.count_matches("\n", literal=True).cum_sum()
        tag, behind = parts.slice(1).str.splitn(">", 2).struct.unnest().get_columns()
        if behind.null_count():
            raise OddError
        kinds, kind = self._known(tag)
        table = pl.DataFrame({"kind": kind, "text": behind, "line": feeds.head(-1)})
        return table.with_columns(
            step=pl.lit(kinds.step).gather("kind"), name=pl.lit(kinds.name).gather("kind")
        ), kinds

    def _known(self, tag: pl.Series) -> tuple[Kinds, pl.Series]:
        """Return the different tags, and which of them each is."""
        if self._kinds is not None:
            kind = tag.cast(self._kinds.tags, strict=False).to_physical()
            if not kind.null_count():
                return self._kinds, kind
        self._kinds = _kinds(tag.unique(), self._namespaces)
        return self._kinds, tag.cast(self._kinds.tags).to_physical()


def _kinds(tags: pl.Series, namespaces: Mapping[str | None, str]) -> Kinds:
    if tags.str.len_bytes().max() > MAX_TAG:  # type: ignore[operator] # a number
        raise OddError
    written = tags.str.extract(_NAME)
    if written.null_count() or written.str.contains("^[!?]").any():
        raise OddError
    names = written.unique()
    is_end, is_empty = tags.str.starts_with("/"), tags.str.ends_with("/")
    return Kinds(
        pl.Enum(tags),
        1 - is_empty.cast(pl.Int32) - 2 * is_end.cast(pl.Int32),
        written.cast(pl.Enum(names)).to_physical(),
        [_qualified(name, namespaces, namespaces.get(None)) for name in names],
        _attributes(tags, namespaces),
    )


def _qualified(name: str, namespaces: Mapping[str | None, str], namespace: str | None = None) -> str:
    """Return a name with its namespace; ``namespace`` is that of names without prefix."""
    prefix, colon, bare = name.partition(":")
    if colon:
        namespace = _XML if prefix == "xml" else namespaces.get(prefix)
        if namespace is None or not bare or ":" in bare:
            raise OddError
    return f"{{{namespace}}}{bare or prefix}" if namespace else prefix


def _attributes(tags: pl.Series, namespaces: Mapping[str | None, str]) -> dict[str, pl.Series]:
    """Return the values of each attribute, for each of ``tags``."""
    rest = tags.str.replace(_NAME, "")
    rows = (rest.str.strip_chars(BLANKS + "/") != "").arg_true()
    if rows.is_empty():
        return {}
    rest = rest.gather(rows)
    if (
        rest.str.replace_all(_ATTRIBUTE, "").str.strip_chars_start(BLANKS).str.strip_chars_end("/") != ""
    ).any():
        raise OddError
    single = pl.DataFrame({"row": rows, "text": rest.str.extract_all(_ATTRIBUTE)}).explode("text")
    single = single.select(
        "row",
        name=pl.col("text").str.extract(r"([^ \t\n=]+)"),
        value=plain(
            single["text"].str.extract(r"^[^=]*=[ \t\n]*.((?s:.*)).$").str.replace_all(r"[\t\n]", " ")
        ),
    )
    found: dict[str, pl.Series] = {}
    for (name,), part in single.partition_by("name", as_dict=True).items():
        if name == "xmlns" or str(name).startswith("xmlns:"):
            raise OddError
        values = pl.Series([None], dtype=pl.String).new_from_index(0, len(tags))
        found[_qualified(str(name), namespaces)] = values.scatter(part["row"], part["value"])
    return found


def plain(texts: pl.Series) -> pl.Series:
    """Return texts with the characters for which references stand."""
    rows = texts.str.contains("&", literal=True).arg_true()
    if rows.is_empty():
        return texts
    return texts.scatter(rows, [_without_references(text) for text in texts.gather(rows)])


def _without_references(text: str) -> str:
    if text.count("&") != len(_REFERENCE.findall(text)):
        raise OddError
    return _REFERENCE.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    digits, name = match.groups()
    if name:
        return _ENTITIES[name]
    number = int(digits[1:], 16) if digits.startswith("x") else int(digits)
    if 0xD800 <= number <= 0xDFFF or number > 0x10FFFF:
        raise OddError
    return chr(number)

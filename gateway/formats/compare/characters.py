"""Changes of how bytes become characters: encoding and byte order mark."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.formats.compare.change import Change, Demand, DemandedRow, Judgement
from gateway.formats.compare.texts import text_with
from gateway.formats.compare.views import View, Views, breaking, ok, review, side_of, silent

if TYPE_CHECKING:
    from gateway.formats.definition import Encoding, Format

#: Characters that plants write; by them two encodings are told apart.
_TELLING = "ÄÖÜäöüßéèñçøÅ°²³µ§€\N{EN DASH}ŁłŠšČčŐőΩжФ中\x81"
_ASCII = bytes(range(128))
_UNICODE = ("utf-8", "utf-16", "utf-16-le", "utf-16-be")


def changes(views: Views) -> Iterator[Change]:
    """Yield the changes of the encoding."""
    old, new = views.forward.writer.encoding, views.forward.reader.encoding
    if old.charset != new.charset:
        names = (old.charset, new.charset)
        yield views.change("charset", "encoding.charset", names, _charset, (old, new))
    yield from views.setting("byte-order-mark", "encoding.bom", (old.bom, new.bom), _mark)


def _codec(encoding: Encoding) -> str:
    return codecs.lookup(encoding.charset).name.removesuffix("-sig")


def _may_have_mark(encoding: Encoding) -> bool:
    return encoding.bom != "forbidden" and _codec(encoding) in _UNICODE


def _mark(view: View, writer: str, reader: str) -> Judgement:
    if not _may_have_mark(view.writer.encoding) and writer != "required":
        if reader == "required":
            why = f"Files of {view.theirs} begin without a byte order mark; {view.ours} demands one."
            return breaking(why, Demand(bom=False))
        return ok("Files begin without a byte order mark, which is accepted.")
    if reader == "forbidden":
        why = f"{view.theirs} accepts a byte order mark; {view.ours} refuses it."
        return breaking(why, Demand(bom=True))
    if reader == "required" and writer != "required":
        why = f"{view.theirs} accepts files without a byte order mark; {view.ours} demands one."
        return breaking(why, Demand(bom=False))
    return ok(f"{view.ours} accepts files with and without it as far as {view.theirs} does.")


def _charset(view: View, writer: Encoding, reader: Encoding) -> Judgement:
    theirs, ours = _codec(writer), _codec(reader)
    if theirs == ours:
        return ok("Both names mean the same encoding.")
    if theirs in _UNICODE and _may_have_mark(writer) and not ours.startswith(theirs.removesuffix("-le")):
        why = f"A file that begins with the byte order mark of {theirs} is refused as {ours}."
        return breaking(why, Demand(bom=True))
    if theirs == "ascii" and _ASCII.decode(ours, "replace") == _ASCII.decode("ascii"):
        return ok(f"ASCII characters have the same bytes in {ours}.")
    if theirs.startswith("utf-16") or ours.startswith("utf-16"):
        return _wide(theirs, ours)
    return _narrow(view, theirs, ours)


def _wide(theirs: str, ours: str) -> Judgement:
    if theirs.startswith("utf-16") and ours.startswith("utf-16"):
        return review(f"Whether files are read alike as {theirs} and {ours} depends on their byte order.")
    return breaking(f"Bytes of {theirs} are not read as {ours}: every second one stands for no character.")


def _narrow(view: View, theirs: str, ours: str) -> Judgement:
    """Judge by characters that fields may hold and whose bytes are read otherwise."""
    refused: list[str] = []
    other: list[str] = []
    for character in _TELLING:
        try:
            raw = character.encode(theirs)
        except UnicodeEncodeError:
            continue
        read = _decoded(raw + b"x", ours)
        if read != character + "x":
            (refused if read is None else other).append(character)
    for found, judge in ((refused, breaking), (other, silent)):
        for character in found:
            row = _row_with(view.writer, character)
            if row is not None:
                read = (
                    "no character" if judge is breaking else f"{_decoded(character.encode(theirs), ours)!r}"
                )
                why = f"{character!r} in {row.record_type} is written in {theirs}; {ours} reads it as {read}."
                return judge(why, Demand(rows=(row,)))
    if not refused and not other:
        return review(f"No character was found that is read otherwise in {ours} than in {theirs}.")
    return review(
        f"Some characters are read otherwise in {ours}; no field was found that surely may hold them."
    )


def _decoded(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except UnicodeDecodeError:
        return None


def _row_with(definition: Format, character: str) -> DemandedRow | None:
    for kind in definition.record_types:
        for field in kind.fields:
            text = text_with(side_of(definition, field), character)
            if isinstance(text, str):
                return DemandedRow(kind.name, {field.name: text})
    return None

"""JSON documents and NDJSON: streamed, hardened, every value as it stood.

Numbers keep their text (``1.10``, ``1E5``), true and false are ``true`` and ``false``. A field's
text is null where its member is absent and ``""`` where it is JSON's null or an empty string,
so that validation can tell ``required`` from ``nullable``. A record with a repeated member, an
unsafe number or half a character is left out after its finding and keeps its number.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gateway.finding_codes import finding
from gateway.readers.base import CHUNK_BYTES, ByteStream, Chunk
from gateway.readers.document_text import DocumentText, ending_text
from gateway.readers.json_check import SchemaCheck
from gateway.readers.json_lines import read_lines
from gateway.readers.json_plan import DocumentPlan, document_plan
from gateway.readers.json_probe import probe_document, probe_lines
from gateway.readers.json_records import JsonRecords, RecordPlace, Source
from gateway.readers.json_runs import Alike, Place, Taker, ahead
from gateway.readers.json_scan import Closed, Item, Opened, Repeated, Run, Walk, element_of
from gateway.readers.json_settled import settle
from gateway.readers.json_values import JsonError, Pointer, Value
from gateway.readers.json_window import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.findings import Findings
    from gateway.formats.definition import Format

#: A document of at most so many characters is kept and validated as a whole.
WHOLE = 1024 * 1024
#: The same where the JSON Schema cannot be applied in parts.
WHOLE_INDIVISIBLE = 8 * 1024 * 1024


class JsonReader:
    """Reads JSON: one record for each element of the arrays that record types name."""

    def probe(self, definition: Format, head: bytes) -> dict[str, str]:
        """Return the fields of headers that are whole in ``head``."""
        return (probe_lines if definition.dialect.lines else probe_document)(definition, head)

    def read(self, definition: Format, stream: ByteStream, findings: Findings) -> Iterator[Chunk]:
        """Yield the document's records; add what is wrong with its form or by its JSON Schema.

        Raises FormatError where the format's schema cannot be loaded. Records up to the place
        where the document breaks off are yielded.
        """
        text = DocumentText(stream, definition.encoding, findings)
        if definition.dialect.lines:
            return read_lines(definition, text, findings)
        return _Reading(definition, text, findings).chunks()

    def ending(self, definition: Format, tail: bytes) -> bool:
        """Return whether the closing bracket (NDJSON: a line end after one) stands at the end."""
        text = ending_text(definition.encoding, tail)
        if definition.dialect.lines:
            return text.endswith("\n") and text.rstrip(" \t\r\n").endswith("}")
        close = "]" if () in document_plan(definition).arrays else "}"
        return text.rstrip(" \t\r\n").endswith(close)


class _Reading:
    """One pass over one document."""

    def __init__(self, definition: Format, text: DocumentText, findings: Findings) -> None:
        self._definition = definition
        self._findings = findings
        self._plan: DocumentPlan = document_plan(definition)
        self._records = JsonRecords(definition, findings)
        self._window = Window(text)
        self._check = SchemaCheck(definition, self._plan, findings)
        self._opened: dict[Pointer, RecordPlace] = {}
        self._sound = True
        self._flushed = 0

    def chunks(self) -> Iterator[Chunk]:
        """Yield the records of the document."""
        if not self._begin():
            return
        walk = Walk(self._window, self._plan.arrays, self._plan.inner)
        items = walk.items()
        try:
            if not self._window.ended:
                yield from self._at_once(walk, items)
            for item in items:
                self._take(item)
                yield from self._flush(CHUNK_BYTES)
            self._finish(walk)
        except JsonError as error:
            self._refuse(error)
        yield from self._flush()

    def _at_once(self, walk: Walk, items: Iterator[Item]) -> Iterator[Chunk]:
        """Yield the records of a large document, many at once, until one is not as JSON must be."""
        check, plan = self._check, self._plan
        alike = {
            at: Alike(self._definition, plan, at, check.schema, check.place_of(at)) for at in plan.arrays
        }
        taker = Taker(lambda at: alike[at].is_useful)
        walk.take = taker.take
        while walk.take is not None:
            for item, found in ahead(items, lambda run: alike[run.at].read(run)):
                stopped = None
                if isinstance(item, Run) and found is not None:
                    take = partial(self._odd, item)
                    stopped = settle(item, *found, self._records, self._window.source, take)
                else:
                    self._take(item)
                yield from self._flush(CHUNK_BYTES)
                if isinstance(item, Run) and stopped is not None:
                    taker.go_back(walk, item, stopped)
                    break
            else:
                return

    def _odd(self, run: Run, place: Place) -> bool:
        """Add one record of a run by itself; return False where it is not a whole element of its array."""
        source = self._window.source
        window = Window(
            source, text=place.text, line=place.line, offset=place.offset - source.start, ended=True
        )
        try:
            item = element_of(window, run, run.index + place.number)
        except JsonError:
            return False
        self._value(item, window)
        return True

    def _flush(self, least: int = 0) -> Iterator[Chunk]:
        """Yield the rows so far, where the document has gone on by ``least`` bytes."""
        if self._window.offset - self._flushed >= least:
            self._flushed = self._window.offset
            yield from self._records.rows.flush()

    def _begin(self) -> bool:
        """Read the beginning, and decide whether the document is kept whole."""
        window, check = self._window, self._check
        window.more(WHOLE + 1)
        if not window.ended and not check.divisible():
            window.more(WHOLE_INDIVISIBLE + 1 - len(window.text))
            if not window.ended:
                message = "The file is larger than 8 MiB, and its JSON Schema cannot be applied in parts."
                self._findings.add(finding("F604", message, rule="json-schema"))
                check.active = False
        check.whole = window.ended
        window.keep = check.whole and check.active
        return bool(window.source.bytes_read)

    def _take(self, item: Item) -> None:
        if isinstance(item, Opened):
            self._open(item)
        elif isinstance(item, Closed):
            self._close(item)
        elif isinstance(item, Repeated):
            self._sound = False
            message = f"The member {item.at[-1]} occurs twice in one object."
            self._findings.add(
                finding("F602", message, line=item.line, byte_offset=self._window.place_of(item.start))
            )
        elif isinstance(item, Value):
            self._value(item, self._window)

    def _open(self, item: Opened) -> None:
        for plan in self._plan.outer.get(item.at, ()):
            self._opened[item.at] = self._records.begin(plan, item.line)
            self._check.header(item.at, self._opened[item.at])

    def _close(self, item: Closed) -> None:
        place = self._opened.pop(item.at, None)
        if place is not None:
            self._records.record(place, item.members)
        if not item.at:
            self._check.shell(item.members)

    def _value(self, item: Value, window: Window) -> None:
        plan = self._plan.choose(item.at, item.value)
        place = self._records.begin(plan, item.line) if plan else None
        source = Source(item.text, item.line, lambda: window.byte_at(item.start), window.source)
        sound = self._records.sound(item.notes, source, place)
        self._sound &= sound
        if place is None:
            self._unclaimed(item)
        elif sound and self._records.record(place, item.value, source):
            self._check.record(item, place)

    def _unclaimed(self, item: Value) -> None:
        """A value of no record type: an unknown one in an array, or not the object that is wanted."""
        if item.index is not None:
            message = "The record's discriminator names no record type of the format."
            self._findings.add(finding("F110", message, line=item.line))
        elif item.at in self._plan.inner or item.at in self._plan.arrays or not item.at:
            message = "The document does not have the object or array that the format names here."
            column = "/" + "/".join(item.at)
            self._findings.add(finding("F606", message, line=item.line, column=column))

    def _finish(self, walk: Walk) -> None:
        if self._sound:
            self._check.finish(self._window, walk.counts)

    def _refuse(self, error: JsonError) -> None:
        self._findings.add(
            finding(
                error.code,
                str(error),
                line=self._window.line_at(error.position),
                byte_offset=self._window.place_of(error.position),
            )
        )

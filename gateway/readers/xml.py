"""XML documents: streamed, hardened, every value as it stood.

A field's text is null where its element or attribute is absent and ``""`` where it is empty
(``<A/>``, ``<A></A>``, ``xsi:nil``), so that validation can tell ``required`` from ``nullable``.
Where the format has no XSD and is ``closed``, elements and attributes beyond the definition,
and repeated ones, are findings; with an XSD, the XSD decides.

Records of large documents are read many at once, see `xml_runs`: text of up to two runs behind the place
where such a document breaks off has been decoded then.
"""

from __future__ import annotations

import codecs
import re
from collections import deque
from contextlib import closing
from functools import partial
from itertools import chain, repeat
from typing import TYPE_CHECKING

from lxml import etree

from gateway.finding_codes import finding
from gateway.readers.base import CHUNK_BYTES, ByteStream, Chunk
from gateway.readers.document_text import DocumentText, ending_text
from gateway.readers.xml_feed import Fed, Source
from gateway.readers.xml_guard import (
    MAX_PROLOG_BYTES,
    DoctypeError,
    Guard,
    LimitError,
    check_prolog,
    declared_encoding,
)
from gateway.readers.xml_plan import DocumentPlan, document_plan, local
from gateway.readers.xml_probe import probe_head, root_name
from gateway.readers.xml_records import DocumentRecords, RootError
from gateway.readers.xml_runs import LEAST, MOST_TAGS, MOST_UNITS, MOST_WRONG, RUN, Checked, Runs, end_tag
from gateway.readers.xsd import xsd_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from concurrent.futures import Future

    from gateway.findings import Findings
    from gateway.formats.definition import Format

#: A document of at most so many bytes is kept and validated as a whole. Not more: libxml2 counts
#: siblings for the place of every violation, so that many wrong neighbours cost quadratic time.
WHOLE_BYTES = 256 * 1024
#: What the parser may hold: one record, and all that stands around the records.
MAX_HELD_BYTES = 16 * 1024 * 1024
#: Tags in a document that is kept whole, or in what the parser may hold: an element of four bytes
#: takes a hundred in memory.
MAX_TAGS = 300_000
#: Violations after which a document is given up whose identity constraints the parser checks: it
#: keeps its own list of all of them.
MAX_LOGGED = 100_000

#: As a power of two: that many runs are not tried after many that were not plain.
_LONGEST_PAUSE = 6
_HEAD = 4 * MAX_PROLOG_BYTES
_TRAILING = r"(?:\s|<!--(?:(?!-->).)*-->|<\?(?:(?!\?>).)*\?>)*"


class XmlReader:
    """Reads XML: one record for each element that a record type's path names."""

    def probe(self, definition: Format, head: bytes) -> dict[str, str]:
        """Return ``root`` and the fields of headers that are complete in ``head``."""
        return probe_head(definition, head)

    def read(self, definition: Format, stream: ByteStream, findings: Findings) -> Iterator[Chunk]:
        """Yield the document's records; add what is wrong with its form or by its XSD.

        Raises FormatError where the format's XSD cannot be loaded. Records up to the place
        where the document breaks off are yielded.
        """
        text = DocumentText(stream, definition.encoding, findings)
        pieces, whole = _first_pieces(text)
        if pieces:
            yield from _Reading(definition, text, findings, whole=whole).chunks(pieces)

    def ending(self, definition: Format, tail: bytes) -> bool:
        """Return whether the root element's end tag and at most comments stand at the end."""
        root = document_plan(definition).root
        if root is None:
            return False
        name = rf"(?:[^\s<>/:]+:)?{re.escape(local(root))}"
        closed = re.compile(rf"(?:</{name}\s*>|<{name}(?:\s[^<>]*)?/>){_TRAILING}\Z", re.DOTALL)
        text = ending_text(definition.encoding, tail)
        match = closed.search(text)
        # an end tag inside an unfinished comment ends nothing
        return match is not None and text.rfind("<!--", 0, match.start()) <= text.rfind(
            "-->", 0, match.start()
        )


def _first_pieces(text: DocumentText) -> tuple[list[str], bool]:
    """Return the text up to ``WHOLE_BYTES`` and ``MAX_TAGS``, and whether that is the whole document."""
    pieces: list[str] = []
    tags = 0
    while text.bytes_read <= WHOLE_BYTES and tags <= MAX_TAGS:
        piece = text.piece()
        if not piece:
            return pieces, True
        pieces.append(piece)
        tags += piece.count("<")
    return pieces, False


class _BrokenOffError(Exception):
    """The parser has given the document up without saying so."""


class _Reading:
    """One pass over one document."""

    def __init__(self, definition: Format, text: DocumentText, findings: Findings, *, whole: bool) -> None:
        self._text = text
        self._findings = findings
        self._definition = definition
        self._plan: DocumentPlan = document_plan(definition)
        self._xsd = xsd_of(definition)
        self._whole = whole
        #: identity constraints over all records need the parser's own validation
        self._plugged = self._xsd is not None and not whole and self._xsd.spans_records(self._plan.units)
        self._fed = Fed(text.width)
        #: the byte of the first syntax error, once there is one; None: it is not known
        self._place: tuple[int | None, ...] = ()
        self._since_flush = self._tags = 0
        self._pause = 0  #: characters to be fed to the parser until a run is looked for
        self._odd = 0  #: runs in a row that were not plain

    def chunks(self, pieces: Sequence[str]) -> Iterator[Chunk]:
        """Yield the records of ``pieces`` and of what follows them in the stream."""
        try:
            yield from self._parse(pieces)
        except RootError:
            return
        except DoctypeError:
            self._findings.add(finding("F502", "The document has a DOCTYPE; none is accepted."))
        except LimitError as error:
            self._findings.add(finding("F504", str(error), line=self._fed.line))

    def _parse(self, pieces: Sequence[str]) -> Iterator[Chunk]:
        name = self._open("".join(pieces)[:_HEAD])
        guard = Guard({*self._plan.names, name})
        records = DocumentRecords(self._definition, self._plan, self._findings, self._xsd, guard.lines)
        records.tree.keep_all = self._whole
        records.tree.plugged = self._plugged
        parser = self._parser({*self._plan.names, name})
        source = Source(partial(next, chain(pieces, iter(self._more, ""), repeat(""))))
        try:
            with closing(Runs(self._definition, self._plan, self._xsd, self._findings)) as runs:
                while piece := source.piece():
                    stop = self._seam_in(piece, records)
                    source.put_back(piece[stop:])
                    self._feed(parser, records, guard.release(piece[:stop].encode()))
                    if self._since_flush >= CHUNK_BYTES or self._tags >= MAX_TAGS:
                        self._since_flush = self._tags = 0
                        self._check_held(records.tree.root)
                        yield from records.rows.flush()
                    if stop < len(piece) and records.is_behind_unit and not guard.is_waiting:
                        yield from self._run(source, runs, records, parser, guard)
            self._feed(parser, records, guard.release(b"", final=True))
            self._close(parser, records)
        except (etree.XMLSyntaxError, _BrokenOffError, LimitError) as error:
            self._refuse(parser, error)
        yield from records.rows.flush()

    def _more(self) -> str:
        return "" if self._whole else self._text.piece()

    def _seam_in(self, piece: str, records: DocumentRecords) -> int:
        """Return where in ``piece`` a run of records may begin, or else its length."""
        self._pause -= len(piece)
        unit = records.tree.previous
        if self._pause > 0 or self._whole or self._plugged or unit is None:
            return len(piece)
        end = end_tag(unit)
        found = piece.find(end)
        return len(piece) if found < 0 else found + len(end)

    def _run(
        self,
        source: Source,
        runs: Runs,
        records: DocumentRecords,
        parser: etree.XMLPullParser,
        guard: Guard,
    ) -> Iterator[Chunk]:
        """Yield the records that come next in ``source``, many at once, as far as they are plain."""
        self._pause = LEAST
        seam = runs.seam(records)
        if seam is None:
            return
        limits = {"<!": 0, "<?": 0, seam.end: MOST_UNITS, "<": MOST_TAGS, "=": MOST_TAGS}
        waiting: deque[tuple[str, Future[Checked | None]]] = deque()
        while True:
            text = source.whole(seam.end, RUN, limits)
            if len(text) >= LEAST:
                waiting.append((text, runs.check(text, seam)))
            else:
                source.put_back(text)
            if len(waiting) < 2 and len(text) >= LEAST:
                continue  # one is checked while the other is read
            if not waiting:
                return
            run, checked = waiting.popleft()
            errors = self._findings.errors
            found = runs.take(run, checked, seam, records, guard.line)
            if found is None:
                source.put_back(run + "".join(text for text, _checked in waiting))
                self._odd += 1
                self._pause = RUN << min(self._odd, _LONGEST_PAUSE)
                return
            self._odd = 0
            is_bad = self._findings.errors - errors > len(found.units)
            limits[seam.end] = MOST_WRONG if is_bad else MOST_UNITS
            yield from records.pass_by(found)
            guard.line += run.count("\n")
            parser.feed(self._fed.pass_by(run))
            runs.tidy(records)

    def _open(self, head: str) -> str:
        """Check what stands before the root element, and return that element's local name."""
        data = head.encode()
        check_prolog(data)
        declared = declared_encoding(data)
        if declared and not _same_encoding(declared, self._text.codec):
            message = f"The document declares {declared}; the format is {self._text.codec}."
            self._findings.add(finding("F506", message, rule="encoding.charset", line=1, value=declared))
        return root_name(data) or ""

    def _parser(self, names: set[str]) -> etree.XMLPullParser:
        """Return a parser that reports the elements called ``names`` and touches nothing else."""
        return etree.XMLPullParser(
            events=("start", "end"),
            tag=[f"{{*}}{name}" for name in sorted(names) if name] or None,
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
            schema=self._xsd.plugged if self._xsd is not None and self._plugged else None,
        )

    def _feed(self, parser: etree.XMLPullParser, records: DocumentRecords, data: bytes) -> None:
        self._since_flush += len(data)
        self._tags += data.count(b"<")
        if data:
            self._fed.add(data)
        try:
            parser.feed(data)
        finally:
            records.take(parser.read_events())
        errors = _syntax_errors(parser)
        if errors and not self._place:  # what is fed is remembered no longer when the document ends
            self._place = (self._offset(errors[0].line, errors[0].column),)
        if any(entry.level_name == "FATAL" for entry in errors):
            raise _BrokenOffError  # by an unknown entity: lxml would begin a new document

    def _check_held(self, root: etree._Element | None) -> None:
        """Raise LimitError where more is held than one record and its surroundings may need."""
        held = etree.tostring(root) if root is not None else b""
        if len(held) > MAX_HELD_BYTES:
            raise LimitError("One record, or what stands around the records, is longer than 16 MiB.")
        if held.count(b"<") > MAX_TAGS:
            raise LimitError(f"One record, or what stands around the records, has over {MAX_TAGS:,} tags.")
        if self._plugged and self._findings.errors > MAX_LOGGED:
            raise LimitError("More than 100,000 violations: the document is given up.")

    def _close(self, parser: etree.XMLPullParser, records: DocumentRecords) -> None:
        """End the document; errors of a schema plugged into the parser are not syntax errors."""
        try:
            parser.close()
        except etree.XMLSyntaxError:
            records.take(parser.read_events())
            if _syntax_errors(parser) or not parser.feed_error_log:
                raise
        records.take(parser.read_events())
        records.finish(parser.feed_error_log)

    def _refuse(self, parser: etree.XMLPullParser, error: Exception) -> None:
        """Add the finding that ended the parse."""
        if isinstance(error, LimitError):
            self._findings.add(finding("F504", str(error), line=self._fed.line))
            return
        entries = _syntax_errors(parser)
        message = entries[0].message if entries else str(error)
        limit = bool(entries) and entries[0].type_name in ("ERR_RESOURCE_LIMIT", "ERR_ENTITY_LOOP")
        line, column = (entries[0].line, entries[0].column) if entries else (self._text.line, 0)
        self._findings.add(
            finding(
                "F504" if limit else "F501",
                re.sub(r",? (?:use|try) XML_PARSE_HUGE(?: option)?", "", message).strip(),
                line=line or None,
                column=f"character {column}" if column else None,
                byte_offset=self._place[0] if self._place else self._offset(line, column),
            )
        )

    def _offset(self, line: int, column: int) -> int | None:
        """Return the byte in the file at ``line`` and ``column``, None where it is not known."""
        before = self._fed.before(line, column) if column > 0 else None
        if before is None:
            return None
        if self._text.codec == "utf-8":
            return self._text.place(self._text.start + self._fed.offset + len(before))
        if self._fed.offset:
            return None
        return self._text.place(self._text.start + self._text.width(before.decode()))


def _syntax_errors(parser: etree.XMLPullParser) -> list[etree._LogEntry]:
    return [entry for entry in parser.feed_error_log if not entry.domain_name.startswith("SCHEMAS")]


def _same_encoding(declared: str, codec: str) -> bool:
    """Whether a document that declares ``declared`` may be read with ``codec``."""
    try:
        name = codecs.lookup(declared).name
    except LookupError:
        return False
    return name in (codec, "ascii") or (name == "utf-16" and codec.startswith("utf-16"))

"""Bytes -> text: strict incremental decoding that finds every wrong byte and goes on after it."""

from __future__ import annotations

import codecs
import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.finding_codes import finding
from gateway.readers.base import CHUNK_BYTES, ByteStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.findings import Findings
    from gateway.formats.definition import Encoding
    from gateway.model import Finding

#: How much of a file's beginning decides about byte order mark and line ends.
HEAD_BYTES = 64 * 1024
#: Stands in the text where a byte did not decode; the file is refused for the finding.
REPLACEMENT = "\ufffd"

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_LONGEST_BOM = 3
# Strict decoding never yields a lone surrogate, so these mark wrong bytes without ambiguity.
_WRONG = re.compile("[\ud800-\udfff]+")
_NULS = re.compile("\0+")
_BARE_CR = re.compile("\r(?!\n)")
_SHOWN_BYTES = 16


class Block:
    """A stretch of the file's text; never ends between CR and LF. The last one is ``final``."""

    __slots__ = ("_plain", "_text", "cr", "ends", "final")

    def __init__(self, text: str | bytes, final: bool, cr: bool, ends: int | None = None) -> None:
        """Take a ``text``, or bytes that are all ASCII, as they come from most files."""
        self._text = None if isinstance(text, bytes) else text
        self._plain = text if isinstance(text, bytes) else None
        self.final = final
        self.cr = cr  #: the file's lines end with a bare CR
        self.ends = ends  #: how many LF stand in it, where that is known

    @property
    def text(self) -> str:
        """The text."""
        if self._text is None:
            self._text = (self._plain or b"").decode("ascii")
        return self._text

    @property
    def data(self) -> bytes:
        """The text as UTF-8. Raises UnicodeEncodeError where that cannot be."""
        return self.text.encode() if self._plain is None else self._plain


@dataclass(frozen=True, slots=True)
class Charset:
    """The encoding to decode with, and what the beginning of the file says about it."""

    codec: str
    bom: int  #: bytes of the byte order mark
    problem: str | None = None  #: what F103 has to say

    @property
    def handler(self) -> str:
        """Return the error handler that lets wrong bytes through as lone surrogates."""
        return "surrogatepass" if self.codec.startswith(("utf-16", "utf-32")) else "surrogateescape"


def charset_of(encoding: Encoding, head: bytes) -> Charset:
    """Return how to decode a file that begins with ``head`` and is declared as ``encoding``.

    A file with the mark of another encoding is read as that one, after the finding. UTF-16
    without a mark is little-endian, unless its first byte is zero (an ASCII character in
    big-endian order).
    """
    return _charset_of(encoding, head[:_LONGEST_BOM])


@functools.lru_cache(maxsize=256)
def _charset_of(encoding: Encoding, head: bytes) -> Charset:
    declared = codecs.lookup(encoding.charset).name.removesuffix("-sig")
    mark, marked = next((pair for pair in _BOMS if head.startswith(pair[0])), (b"", ""))
    if marked and marked != declared and not (declared == "utf-16" and marked.startswith(declared)):
        return Charset(
            marked,
            len(mark),
            f"The file begins with the byte order mark of {marked}; it is declared as {encoding.charset}.",
        )
    if marked:
        problem = "The file begins with a byte order mark." if encoding.bom == "forbidden" else None
        return Charset(marked, len(mark), problem)
    if declared == "utf-16":
        declared = "utf-16-be" if head[:1] == b"\0" else "utf-16-le"
    problem = "The file does not begin with a byte order mark." if encoding.bom == "required" else None
    return Charset(declared, 0, problem)


def decode_part(encoding: Encoding, part: bytes) -> str:
    """Return the text of a beginning or an end of a file, wrong and cut characters replaced."""
    charset = charset_of(encoding, part)
    return _mended(charset, part[charset.bom :])


def _mended(charset: Charset, part: bytes) -> str:
    if _extends_ascii(charset.codec) and part.isascii():
        return part.decode("ascii")
    return codecs.getincrementaldecoder(charset.codec)("replace").decode(part)


def ends_lines_with_cr(declared: str, head: str) -> bool:
    """Return whether lines end with a bare CR, judged by the beginning of the file.

    Where CR is not declared it takes a file without any LF: then a stray CR in a value is
    not mistaken for a line end.
    """
    if declared == "cr":
        return _BARE_CR.search(head) is not None
    return "\r" in head and "\n" not in head


def plain_text(encoding: Encoding, content: bytes) -> str | None:
    """Return the text of a whole small file of which no byte is odd; None where one is."""
    charset = charset_of(encoding, content)
    part = content[charset.bom :]
    try:
        text = part.decode("ascii" if part.isascii() and _extends_ascii(charset.codec) else charset.codec)
    except UnicodeError:
        return None
    return None if charset.problem or "\0" in text else text


def read_fully(stream: ByteStream, size: int) -> bytes:
    """Return exactly ``size`` bytes of ``stream``, fewer only at its end."""
    parts = []
    while size and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


class TextSource:
    """The text of one file, in blocks, with F101, F102, F103 and F114 on the way."""

    def __init__(
        self, encoding: Encoding, line_end: str, findings: Findings, chunk_bytes: int = CHUNK_BYTES
    ) -> None:
        self._encoding = encoding
        self._line_end = line_end
        self._findings = findings
        self._chunk_bytes = chunk_bytes
        self.head = ""  #: the text of the file's beginning, from the first block on

    def blocks(self, stream: ByteStream, head: bytes | None = None) -> Iterator[Block]:
        """Yield the text of ``stream``, whose ``head`` may be read already; nothing for an empty file."""
        head = read_fully(stream, HEAD_BYTES) if head is None else head
        if not head:
            self._findings.add(finding("F101", "The file is empty.", byte_offset=0))
            return
        charset = charset_of(self._encoding, head)
        if charset.problem:
            self._findings.add(
                finding("F103", charset.problem, line=1, byte_offset=0, value=head[:4].hex(" "))
            )
        is_whole = len(head) < HEAD_BYTES
        head = head[charset.bom :]
        self.head = _mended(charset, head)
        cr = ends_lines_with_cr(self._line_end, self.head)
        decoder = Decoder(charset, self._findings, "\r" if cr else "\n")
        held = ""
        pieces = [(head, True)] if is_whole and len(head) < self._chunk_bytes else self._pieces(stream, head)
        for piece, final in pieces:
            line = decoder.line
            if not held and not cr and decoder.passes(piece):
                yield Block(piece, final, cr, decoder.line - line)
                continue
            text = held + decoder.decode(piece, final)
            held = "\r" if text.endswith("\r") and not final else ""
            ends = None if cr else decoder.line - line
            yield Block(text.removesuffix(held) if held else text, final, cr, ends)

    def _pieces(self, stream: ByteStream, pending: bytes) -> Iterator[tuple[bytes, bool]]:
        size = self._chunk_bytes
        while True:
            if len(pending) < size:
                pending += read_fully(stream, size - len(pending))
            if len(pending) < size:
                yield pending, True
                return
            yield pending[:size], False
            pending = pending[size:]


class Decoder:
    """Decodes one file piece by piece and knows at which byte and line it stands."""

    def __init__(self, charset: Charset, findings: Findings, line_end: str) -> None:
        self._charset = charset
        self._findings = findings
        self._line_end = line_end
        self._decoder = codecs.getincrementaldecoder(charset.codec)()
        self._ascii = _extends_ascii(charset.codec)
        self._offset = charset.bom  # of the first byte not yet turned into text
        self.line = 1  #: on which the text not yet decoded begins
        self._open: set[str] = set()  # codes whose last run touched the end of the text so far

    def passes(self, piece: bytes) -> bool:
        """Return whether ``piece`` is itself the next text, without a fault; then it is done with."""
        if not self._ascii or self._open or self._decoder.getstate()[0]:
            return False
        if not piece.isascii() or b"\0" in piece or piece.endswith(b"\r"):
            return False
        self.line += piece.count(self._line_end.encode())
        self._offset += len(piece)
        return True

    def decode(self, piece: bytes, final: bool) -> str:
        """Return the text of the next ``piece``; wrong bytes are findings and become U+FFFD."""
        state = self._decoder.getstate()
        if self._ascii and not state[0] and piece.isascii():
            # Ten times the speed of a code page's decoder, and plant files are mostly ASCII.
            text, right = piece.decode("ascii"), True
        else:
            text, right = self._decode(piece, state, final)
        has_nuls = "\0" in text
        if not right or has_nuls or self._open:
            self._report("F102", _WRONG, text, found=not right)
            self._report("F114", _NULS, text, found=has_nuls)
        self.line += text.count(self._line_end)
        self._offset += len(state[0]) + len(piece) - len(self._decoder.getstate()[0])
        return text if right else _WRONG.sub(lambda run: REPLACEMENT * len(run[0]), text)

    def _decode(self, piece: bytes, state: tuple[bytes, int], final: bool) -> tuple[str, bool]:
        try:
            return self._decoder.decode(piece, final), True
        except UnicodeDecodeError:
            self._decoder.setstate(state)
        whole = state[0] + piece
        if not (final and self._charset.codec.startswith("utf-16") and len(whole) % 2):
            return self._decode_marked(piece, final), False
        self._decoder.reset()
        text = self._decode_marked(whole[:-1], final)
        line = self.line + text.count(self._line_end)
        message = "The file ends in the middle of a character."
        offset = self._offset + len(whole) - 1
        self._findings.add(finding("F102", message, line=line, byte_offset=offset, value=whole[-1:].hex()))
        return text + REPLACEMENT, False

    def _decode_marked(self, piece: bytes, final: bool) -> str:
        state = self._decoder.getstate()
        self._decoder.errors = self._charset.handler
        try:
            return self._decoder.decode(piece, final)
        except UnicodeDecodeError as error:  # a rare encoding whose wrong bytes cannot be marked
            message = f"From byte {self._offset + error.start} on bytes do not decode: {error.reason}."
            self._findings.add(
                finding("F102", message, line=self.line, byte_offset=self._offset + error.start)
            )
            self._decoder.setstate(state)
            self._decoder.errors = "replace"
            return self._decoder.decode(piece, final)
        finally:
            self._decoder.errors = "strict"

    def _report(self, code: str, pattern: re.Pattern[str], text: str, *, found: bool) -> None:
        total, shown = 0, []
        room = max(1, self._findings.room(code))
        for run in pattern.finditer(text) if found else ():
            if run.start() == 0 and code in self._open:
                continue  # the end of a run that was reported with the piece before
            total += 1
            if total <= room:
                shown.append(self._finding(code, text, run))
        self._findings.extend(shown, total)
        if text:
            (self._open.add if found and pattern.fullmatch(text[-1]) else self._open.discard)(code)

    def _finding(self, code: str, text: str, run: re.Match[str]) -> Finding:
        offset = self._offset + len(self._encode(text[: run.start()]))
        line = self.line + text.count(self._line_end, 0, run.start())
        if code == "F114":
            message = (
                f"{len(run[0])} NUL characters{' or more' * (run.end() == len(text))} from byte {offset} on."
                if len(run[0]) > 1
                else (f"A NUL character at byte {offset}.")
            )
            return finding(code, message, line=line, byte_offset=offset)
        wrong = self._encode(run[0])
        message = f"Byte {offset} (0x{wrong[0]:02x}) does not decode as {self._charset.codec}."
        shown = wrong[:_SHOWN_BYTES].hex(" ") + (" ..." if len(wrong) > _SHOWN_BYTES else "")
        return finding(code, message, line=line, byte_offset=offset, value=shown)

    def _encode(self, text: str) -> bytes:
        return text.encode(self._charset.codec, self._charset.handler)


@functools.cache
def _extends_ascii(codec: str) -> bool:
    every = bytes(range(128))
    return every.decode(codec, "replace") == every.decode("ascii")

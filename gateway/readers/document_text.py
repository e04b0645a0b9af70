"""The text of an XML or JSON document: decoded strictly, piece by piece, with its places known."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.finding_codes import finding

if TYPE_CHECKING:
    from gateway.findings import Findings
    from gateway.formats.definition import Encoding
    from gateway.model import Finding
    from gateway.readers.base import ByteStream

#: Bytes taken from the stream at a time.
PIECE_BYTES = 64 * 1024

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(slots=True)
class DocumentText:
    """Text pieces of ``stream``; what does not decode is a finding and becomes U+FFFD.

    ``codec`` is the codec in use (for ``utf-16`` the byte order found), ``start`` the number
    of bytes of the byte order mark, ``bytes_read`` what the stream has given so far.
    """

    stream: ByteStream
    encoding: Encoding
    findings: Findings
    codec: str = ""
    start: int = 0
    bytes_read: int = 0
    line: int = 1  #: physical line reached
    wrong_from: int | None = None  #: the first byte that did not decode
    _decoder: codecs.IncrementalDecoder | None = None
    _done: bool = False

    def piece(self) -> str:
        """Return the next piece of text; empty only at the end of the stream."""
        while not self._done:
            data = self.stream.read(PIECE_BYTES)
            self.bytes_read += len(data)
            if self._decoder is None:
                data = self._begin(data)
            self._done = not data
            text = self._decode(data, final=not data)
            self.line += text.count("\n")
            if text:
                return text
        return ""

    def pieces(self, least: int) -> str:
        """Return the next pieces of text, of ``least`` characters or more; empty only at the end."""
        found: list[str] = []
        held = 0
        while held < least and (piece := self.piece()):
            found.append(piece)
            held += len(piece)
        return "".join(found)

    def width(self, text: str) -> int:
        """Return how many bytes ``text`` takes in the file's encoding."""
        if text.isascii() and not self.codec.startswith(("utf-16", "utf-32")):
            return len(text)
        return len(text.encode(self.codec, "replace"))

    def place(self, offset: int) -> int | None:
        """Return a byte offset that was counted by `width`; None where it cannot be told any more.

        A replacement character does not have the width of the bytes for which it stands.
        """
        return offset if self.wrong_from is None or offset <= self.wrong_from else None

    def _begin(self, data: bytes) -> bytes:
        """Look for a byte order mark, choose the codec, and return the bytes after the mark."""
        while 0 < len(data) < 4 and (more := self.stream.read(4)):
            self.bytes_read += len(more)
            data += more
        name = codecs.lookup(self.encoding.charset).name
        mark, marked = next(((m, c) for m, c in _MARKS if data.startswith(m)), (b"", ""))
        self.codec = _codec(name, marked, data)
        self._decoder = codecs.getincrementaldecoder(self.codec)("strict")
        if not data:
            self.findings.add(finding("F101", "The file has no bytes at all."))
            return data
        self._check_mark(marked)
        self.start = len(mark) if marked == self.codec else 0
        return data[self.start :]

    def _check_mark(self, marked: str) -> None:
        rule = self.encoding.bom
        if marked and marked != self.codec:
            message = f"The file begins with the byte order mark of {marked}; the format is {self.codec}."
        elif marked and rule == "forbidden":
            message = "The file begins with a byte order mark, which the format forbids."
        elif not marked and rule == "required":
            message = "The file does not begin with the byte order mark that the format requires."
        else:
            return
        self.findings.add(finding("F103", message, rule="encoding.bom", line=1, byte_offset=0))

    def _decode(self, data: bytes, *, final: bool) -> str:
        assert self._decoder is not None  # noqa: S101 - set by _begin
        pending = self._decoder.getstate()[0]
        try:
            return self._decoder.decode(data, final)
        except UnicodeDecodeError:
            self._decoder.reset()
            return self._replace(pending + data, final=final)

    def _replace(self, data: bytes, *, final: bool) -> str:
        """Decode with replacements, list the first wrong bytes and count them all.

        The count is by replacement characters, so that a file of nothing but wrong bytes
        still takes linear time.
        """
        origin = self.bytes_read - len(data)
        tolerant = codecs.getincrementaldecoder(self.codec)("replace")
        text = tolerant.decode(data, final)
        written = _REPLACEMENT.encode(self.codec, "ignore")
        total = text.count(_REPLACEMENT) - (data.count(written) if written else 0)
        sample: list[Finding] = []
        position, line = 0, self.line
        for _ in range(max(1, min(self.findings.room("F102", "encoding.charset"), total))):
            try:
                data[position:].decode(self.codec)
                break
            except UnicodeDecodeError as error:
                wrong = position + error.start
                self.wrong_from = origin + wrong if self.wrong_from is None else self.wrong_from
                line += data.count(b"\n", position, wrong)
                sample.append(self._undecodable(data[wrong : position + error.end], origin + wrong, line))
                position += error.end
        self.findings.extend(sample, max(total, 1))
        self._keep(tolerant.getstate()[0])
        return text

    def _keep(self, rest: bytes) -> None:
        """Hand the first bytes of an unfinished character back to the strict decoder."""
        assert self._decoder is not None  # noqa: S101 - set by _begin
        if rest:
            self._decoder.decode(rest, False)

    def _undecodable(self, raw: bytes, offset: int, line: int) -> Finding:
        return finding(
            "F102",
            f"The byte{'s' if len(raw) > 1 else ''} {raw.hex(' ')} cannot be read as {self.codec}.",
            rule="encoding.charset",
            line=line,
            byte_offset=offset,
            value=raw.hex(" "),
        )


def _codec(name: str, marked: str, data: bytes) -> str:
    """Return the codec to use; ``utf-16`` takes its byte order from the mark or the first bytes."""
    if name == "utf-8-sig":
        return "utf-8"
    if name != "utf-16":
        return name
    if marked.startswith("utf-16"):
        return marked
    return "utf-16-be" if data[:1] == b"\0" else "utf-16-le"


def ending_text(encoding: Encoding, tail: bytes) -> str:
    """Return a file's last bytes as text; what does not decode there is replaced."""
    codec = _codec(codecs.lookup(encoding.charset).name, "", tail)
    if codec.startswith("utf-16"):
        tail = tail[len(tail) % 2 :]
        if encoding.charset.lower().replace("_", "-") == "utf-16":
            codec = "utf-16-be" if tail[-2:-1] == b"\0" else "utf-16-le"
    return tail.decode(codec, "replace")

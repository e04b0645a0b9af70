"""Text -> lines, with true line numbers, checked line ends and a bound on their length."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gateway.finding_codes import finding
from gateway.readers.base import LONGEST_RECORD

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gateway.findings import Findings
    from gateway.formats.definition import Dialect
    from gateway.model import Finding
    from gateway.readers.text import Block

#: Characters of a row that a finding shows.
SHOWN = 300

_NAMES = {"\n": "LF", "\r\n": "CRLF", "\r": "CR"}
_DECLARED = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with the form of one row; the row is not read any further."""

    code: str
    message: str
    value: str
    line: int | None = None  #: where that is not the line on which the row starts


@dataclass(slots=True)
class Rows:
    """Rows of a file in order: the raw text of each without its line end, and where it starts."""

    texts: list[str]
    numbers: Sequence[int]
    faults: dict[int, Fault] = field(default_factory=dict)  #: by index


@dataclass(frozen=True, slots=True)
class WholeLines:
    """Lines of a file that are not cut apart: all end alike, and nothing is to be said of any of them."""

    data: bytes  #: as UTF-8, with all their line ends
    end: str  #: LF or CRLF
    numbers: range

    def rows(self) -> Rows:
        """Return the lines one by one."""
        return Rows(self.data.decode().split(self.end)[:-1], self.numbers)

    def split(self, count: int) -> tuple[WholeLines, WholeLines]:
        """Return the lines before and behind the end of the first one (1), or of the last but one (-1)."""
        end = len(self.data)
        at = self.data.index(b"\n") + 1 if count > 0 else self.data.rindex(b"\n", 0, end - 1) + 1
        return (
            WholeLines(self.data[:at], self.end, self.numbers[:count]),
            WholeLines(self.data[at:], self.end, self.numbers[count:]),
        )


def clip(text: str) -> str:
    """Return ``text`` as a finding shows it: its beginning, if it is very long."""
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}... ({len(text)} characters)"


def report(
    findings: Findings,
    code: str,
    places: Sequence[int],
    describe: Callable[[int], Finding],
    record_type: str = "",
) -> None:
    """Add one finding of ``code`` for each of ``places``; only those that are listed are built."""
    if places:
        room = max(1, findings.room(code, record_type=record_type))
        findings.extend([describe(place) for place in places[:room]], len(places))


class LineEnds:
    """How the lines of one file end, against what is declared (F104)."""

    def __init__(self, declared: str, findings: Findings, *, cr: bool) -> None:
        self.mark = "\r" if cr else "\n"  #: what lines are cut at
        self.stray = "\n" if cr else "\r"  #: must not stand in a line
        self._declared = _DECLARED.get(declared)
        self._first: str | None = None
        self._findings = findings

    def whole(self, kind: str, numbers: Sequence[int]) -> None:
        """Note that every line of ``numbers`` ends with ``kind``."""
        if numbers:
            self._check(kind, range(len(numbers)), numbers)

    def strip(self, texts: list[str], numbers: Sequence[int]) -> list[str]:
        """Return ``texts``, which were cut at ``mark``, without the CR of a CRLF."""
        if not texts:
            return texts
        carriage = [text[-1:] == "\r" for text in texts] if self.mark == "\n" else []
        if not any(carriage):
            self._check(self.mark, range(len(texts)), numbers)
            return texts
        self._first = self._first or ("\r\n" if carriage[0] else "\n")
        self._check("\r\n", [index for index, there in enumerate(carriage) if there], numbers)
        self._check("\n", [index for index, there in enumerate(carriage) if not there], numbers)
        return [text[:-1] if there else text for text, there in zip(texts, carriage, strict=True)]

    def report_stray(self, lines: Sequence[int]) -> None:
        """Add a finding for each of ``lines`` that has a lone CR (or LF) outside quotes."""
        name = _NAMES[self.stray]
        report(
            self._findings,
            "F104",
            lines,
            lambda line: finding("F104", f"A lone {name} stands in the line.", line=line),
        )

    def _check(self, kind: str, indices: Sequence[int], numbers: Sequence[int]) -> None:
        if kind != "\r":
            self._first = self._first or kind
        expected = self._declared or self._first or ""
        if not indices or kind == expected:
            return
        wanted = (
            f"{_NAMES[expected]} is declared"
            if self._declared
            else (f"the first one ends with {_NAMES[expected]}" if expected else "LF or CRLF is declared")
        )
        message = f"The line ends with {_NAMES[kind]}, but {wanted}."
        report(self._findings, "F104", indices, lambda index: finding("F104", message, line=numbers[index]))


def plain_rows(dialect: Dialect, text: str, longest: int = LONGEST_RECORD) -> Rows | None:
    """Return the lines of a whole small file where nothing has to be asked or said of them; else None.

    They are what `LineCutter` makes of most files, in a fraction of its time.
    """
    end = "\r\n" if "\r" in text else "\n"
    if _DECLARED.get(dialect.line_end, end) != end or not text.endswith(end):
        return None
    if end == "\r\n" and not text.count(end) == text.count("\r") == text.count("\n"):
        return None
    if any(mark in text for mark in (dialect.quote, dialect.escape) if mark):
        return None
    lines = text.split(end)[:-1]
    return Rows(lines, range(1, len(lines) + 1)) if max(map(len, lines)) <= longest else None


class LineCutter:
    """Cuts the blocks of one file into lines; what is not yet whole waits for the next block."""

    def __init__(
        self, dialect: Dialect, findings: Findings, *, cr: bool, longest: int = LONGEST_RECORD
    ) -> None:
        self.ends = LineEnds(dialect.line_end, findings, cr=cr)
        self._closed = dialect.final_line_end == "required"
        self._longest = longest
        self._line = 1  # physical line on which the text not yet cut begins
        self._carry = ""
        self._skipping = False  # inside a line that is too long to keep
        self._marks = tuple(mark.encode() for mark in (dialect.quote, dialect.escape) if mark)

    def feed(self, block: Block) -> Rows:
        """Return the rows that are whole with ``block``; all that are left if it is final."""
        text = self._carry + block.text
        self._carry = ""
        if self._skipping:
            text = self._skip(text)
        return self._cut(text, final=block.final)

    def whole(self, block: Block) -> WholeLines | None:
        """Return the lines that are whole with ``block`` where nothing is odd about any; else None.

        After a None the block is still to be fed.
        """
        if self._skipping or self.ends.mark != "\n":
            return None
        try:
            data, carry = block.data, self._carry.encode()
        except UnicodeEncodeError:  # half a pair of surrogates, which UTF-7 can say
            return None
        cut = data.rfind(b"\n") + 1
        if not cut or (block.final and cut < len(data)) or len(data) - cut > self._longest:
            return None
        lines = b"".join((carry, memoryview(data)[:cut]))
        end = "\r\n" if b"\r" in lines else "\n"
        count = lines.count(b"\n") if block.ends is None else block.ends
        if end == "\r\n" and not lines.count(b"\r\n") == lines.count(b"\r") == count:
            return None
        if any(mark in lines for mark in self._marks) or not self._are_bounded(lines):
            return None
        numbers = range(self._line, self._line + count)
        self.ends.whole(end, numbers)
        self._line += count
        self._carry = data[cut:].decode()
        return WholeLines(lines, end, numbers)

    def _are_bounded(self, lines: bytes) -> bool:
        """Return whether no line is too long: each stretch of that many bytes, or characters, has an end."""
        start = 0
        while start < len(lines):
            start = lines.rfind(b"\n", start, start + self._longest + 1) + 1
            if not start:
                return False
        return True

    def _cut(self, text: str, *, final: bool) -> Rows:
        stray = self.ends.stray in text
        kind = self._kind_of_all(text, stray=stray)
        texts = text.split(kind or self.ends.mark)
        rest = texts.pop()
        numbers = range(self._line, self._line + len(texts) + 1)
        self._line += len(texts)
        if kind:
            self.ends.whole(kind, numbers[: len(texts)])
            rows, stray = Rows(texts, numbers), False
        else:
            rows = Rows(self.ends.strip(texts, numbers), numbers)
        if rest and (final or len(rest) > self._longest):
            rows.texts.append(rest)
            if not final:
                self._skipping = True
            elif self._closed:
                rows.faults[len(rows.texts) - 1] = self._unterminated(rest)
        else:
            self._carry = rest
        if stray:
            self.ends.report_stray(
                [n for text, n in zip(rows.texts, numbers, strict=False) if self.ends.stray in text]
            )
        self._bound(rows)
        return rows

    def _kind_of_all(self, text: str, *, stray: bool) -> str | None:
        """Return how all lines of ``text`` end, None where that has to be looked at line by line."""
        if not stray:
            return self.ends.mark
        if self.ends.mark == "\n" and text.count("\r\n") == text.count("\r") == text.count("\n"):
            return "\r\n"
        return None

    def _skip(self, text: str) -> str:
        end = text.find(self.ends.mark)
        if end < 0:
            return ""
        self._skipping = False
        self._line += 1
        return text[end + 1 :]

    def _bound(self, rows: Rows) -> None:
        if max(map(len, rows.texts), default=0) > self._longest:
            for index, text in enumerate(rows.texts):
                if len(text) > self._longest:
                    rows.faults[index] = self._too_long(text)
                    rows.texts[index] = text[:SHOWN]

    def _too_long(self, text: str) -> Fault:
        return Fault(
            "F113", f"The row is longer than {self._longest} characters.", clip(text[: self._longest])
        )

    def _unterminated(self, text: str) -> Fault:
        return Fault("F105", "The last line has no line end: the file may be cut off.", clip(text))

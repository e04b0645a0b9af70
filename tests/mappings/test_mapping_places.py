"""Where a refusal is said to stand, and totals that two records state."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mappings.mapping_kit import Kit, converted, errors_of

LINES = """\
schema: 1
message_type: lines
version: 1.0.0
status: draft
title: Two columns
kind: delimited
dialect: {delimiter: ";"}
records:
  row:
    fields: {text: {}, amount: {type: decimal}}
"""

XML = """\
schema: 1
message_type: other
version: 1.0.0
status: draft
title: The same as XML
kind: xml
dialect: {root: Rows}
records:
  row:
    path: /Rows/Row
    fields: {words: {path: Text}, amount: {path: Amount, type: decimal}}
"""

WESTERN = LINES.replace("message_type: lines", "message_type: other").replace(
    "dialect:", "encoding: {charset: cp1252}\ndialect:"
).replace("text:", "words:")  # fmt: skip

STATED_TWICE = """\
schema: 1
message_type: other
version: 1.0.0
status: draft
title: The same with a total at both ends
kind: delimited
dialect: {delimiter: ";"}
envelope:
  totals: [{stated: head.total, sum_of: row.amount}, {stated: end.total, sum_of: row.amount}]
records:
  head:
    role: header
    discriminator: {column: 1, value: H}
    fields: {mark: {constant: H}, total: {type: decimal}}
  row:
    discriminator: {column: 1, value: R}
    fields: {mark: {constant: R}, words: {}, amount: {type: decimal}}
  end:
    role: trailer
    discriminator: {column: 1, value: E}
    fields: {mark: {constant: E}, total: {type: decimal}}
"""

TO_OTHER = """\
schema: 1
from: {message_type: lines, version: 1.0.0}
to: {message_type: other, version: 1.0.0}
status: draft
title: One as the other
records:
  row: {from: row, copy: [amount], fields: {words: {from: text}}}
"""


def made(directory: Path, target: str, mapping: str, data: bytes) -> tuple[bytes, list[object], list[str]]:
    """Return the output of ``data``, where its refusals stand, and what the target says of it."""
    kit = Kit(directory)
    kit.add(LINES)
    kit.add(target)
    bound = kit.bound(kit.map("lines", "1.0.0-to-other-1.0.0", mapping))
    output, findings = converted(bound, data)
    places: list[object] = [
        (one.code, one.record_type, one.record, one.line, one.column, one.value) for one in findings
    ]
    return output, places, [] if findings else errors_of(bound, output)


@pytest.mark.parametrize(
    ("target", "text"), [(XML, "a\x01b"), (WESTERN, "Ж")], ids=["no character of XML", "not in cp1252"]
)
def test_what_cannot_be_written_has_its_place_in_the_source(tmp_path: Path, target: str, text: str) -> None:
    """A character that the target cannot carry shall be found at the row and column it stands in."""
    _output, places, _errors = made(tmp_path, target, TO_OTHER, f"a;1\n{text};2\nc;3\n".encode())
    assert places == [("F220", "row", 2, 2, "text", text)]


def test_a_total_that_two_records_state_is_counted_once(tmp_path: Path) -> None:
    """A total in header and trailer shall be the same sum in both, and be read back as it is."""
    mapping = TO_OTHER + "  head: {from: row, group_by: []}\n  end: {from: row, group_by: []}\n"
    output, places, errors = made(tmp_path, STATED_TWICE, mapping, b"a;1.5\nb;2.25\n")
    assert output == b"H;3.75\nR;a;1.5\nR;b;2.25\nE;3.75\n"
    assert (places, errors) == ([], [])


def test_a_group_that_comes_again_is_refused_where_the_target_says_so(tmp_path: Path) -> None:
    """A key that comes again makes a second group; a target that has it once shall refuse the output."""
    once = XML + "rules: [{id: once, kind: unique, record: row, fields: [words], message: Each once.}]\n"
    mapping = TO_OTHER.replace("copy:", "group_by: [text], copy:")
    _output, _places, errors = made(tmp_path, once, mapping, b"a;1\na;1\nb;2\na;3\n")
    assert len(errors) == 1
    assert errors[0].startswith("F404 Each once.")

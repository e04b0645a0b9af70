"""JSON in, lines out: the fourth kind as a source, with counts of nested records."""

from __future__ import annotations

from pathlib import Path

from gateway.bundle import bundled
from tests.mappings.mapping_kit import Kit, converted, errors_of

PARTS = """\
schema: 1
message_type: parts
version: 1.0.0
status: draft
title: Parts lists in lines of 80 characters
kind: fixed-width
dialect: {line_end: crlf, final_line_end: required, trim: both, date_format: YYYYMMDD}
envelope:
  counts: [{stated: head.bills, of: [bill]}, {stated: head.parts, of: [part]}]
records:
  head:
    role: header
    length: 80
    discriminator: {offset: 0, length: 1, value: H}
    fields:
      mark: {offset: 0, length: 1, constant: H}
      id: {offset: 1, length: 36}
      bills: {offset: 37, length: 6, type: integer}
      parts: {offset: 43, length: 6, type: integer}
  bill:
    length: 80
    discriminator: {offset: 0, length: 1, value: B}
    fields:
      mark: {offset: 0, length: 1, constant: B}
      material: {offset: 1, length: 40}
      valid_from: {offset: 41, length: 8, type: date}
  part:
    length: 80
    parent: bill
    discriminator: {offset: 0, length: 1, value: P}
    fields:
      mark: {offset: 0, length: 1, constant: P}
      position: {offset: 1, length: 6}
      material: {offset: 7, length: 40, nullable: true}
      quantity:
        {type: decimal, offset: 47, length: 14,
         digits: 13, implied_decimals: 6, sign: trailing, nullable: true}
      unit: {offset: 61, length: 3, nullable: true}
"""

TO_PARTS = """\
schema: 1
from: {message_type: bom, version: 1.0.0}
to: {message_type: parts, version: 1.0.0}
status: draft
title: Parts lists
records:
  head:
    from: header
    fields: {id: {from: message_id}}
    drop: {sender: known, receiver: known, sequence_number: not asked for, created_at: not asked for}
  bill:
    from: bill
    copy: [material, valid_from]
    drop:
      plant: there is one plant
      usage: all are for production
      alternative: not asked for
      status: not asked for
      valid_to: not asked for
      base_quantity: always one
      unit: not asked for
      text: not asked for
  part:
    from: item
    copy: [material, quantity, unit]
    fields: {position: {from: position, pad: {with: "0", to: 6}}}
    drop: {category: all, scrap_percent: all, operation: all, by_product: all, text: all}
"""


def test_json_becomes_lines_that_state_what_follows(tmp_path: Path) -> None:
    """JSON shall become lines of fixed width whose first one states how many of each kind follow."""
    kit = Kit.with_shipped(tmp_path, "bom/1.0.0")
    kit.add(PARTS)
    bound = kit.bound(kit.map("bom", "1.0.0-to-parts-1.0.0", TO_PARTS))
    source = min((bundled("samples") / "bom/1.0.0/good").glob("*.json"))
    output, findings = converted(bound, source.read_bytes())
    assert findings == []
    assert errors_of(bound, output) == []
    lines = output.decode().splitlines()
    bills = [line for line in lines if line.startswith("B")]
    parts = [line for line in lines if line.startswith("P")]
    assert lines[0][37:49].split() == [str(len(bills)), str(len(parts))]
    assert lines[0].startswith("H")
    assert lines[1].startswith("B")
    assert len(bills) + len(parts) + 1 == len(lines)
    assert len({len(line) for line in lines}) == 1
    assert all(line[1:3] == "00" for line in parts)
    assert any(line[47:60].strip("0").isdigit() for line in parts)

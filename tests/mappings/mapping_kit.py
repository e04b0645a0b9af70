"""A small catalogue for the tests of this room: shipped formats, formats of its own, and mappings."""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass
from pathlib import Path

from gateway.bundle import bundled
from gateway.findings import Findings
from gateway.formats.catalogue import Catalogue
from gateway.mappings.cases import check_cases
from gateway.mappings.check import check_mapping
from gateway.mappings.convert import convert
from gateway.mappings.definition import Bound
from gateway.mappings.loading import load_mapping
from gateway.model import Finding
from gateway.validation.reading import Input, ListingLimits, read_files

PERFORMANCE = """\
schema: 1
message_type: performance
version: 1.0.0
status: draft
title: What orders yielded, as XML
kind: xml
dialect: {namespace: "urn:test:performance", root: Performance, datetime_format: "YYYY-MM-DDTHH:MM:SSZ",
  time_zone: Europe/Berlin}
envelope:
  message_id: header.id
  sender: header.sender
  counts: [{stated: header.rows, of: [report]}]
  totals: [{stated: header.total, sum_of: report.quantity}]
records:
  header:
    role: header
    path: /Performance/Header
    fields:
      id: {path: Id}
      sender: {path: Sender}
      rows: {path: Rows, type: integer}
      total: {path: Total, type: decimal}
  order:
    path: /Performance/Order
    fields:
      number: {path: "@number", pattern: "[0-9]{12}"}
  report:
    path: /Performance/Order/Report
    parent: order
    min_occurs: 1
    fields:
      line: {path: "@line", type: integer}
      operation: {path: Operation, pattern: "[0-9]{4}"}
      step: {path: Step, required: false, nullable: true, pattern: "[0-9]{4}"}
      quantity: {path: Quantity, type: decimal, decimals: 3}
      unit: {path: Quantity/@unit, codes: {KGM: kilogram, C62: piece}}
      machine_time: {path: MachineTime, type: decimal, decimals: 1, unit: S, required: false, nullable: true}
      finished: {path: Finished, type: datetime}
      final: {path: Final, type: boolean}
      key: {path: Key, max_length: 19}
      text: {path: Text, required: false, nullable: true, max_length: 40}
"""

TO_PERFORMANCE = """\
schema: 1
from: {message_type: confirmation, version: 1.1.0}
to: {message_type: performance, version: 1.0.0}
status: draft
title: Confirmations as XML
records:
  header:
    from: header
    fields:
      id: {from: message_id}
      sender: {from: sender}
    drop:
      receiver: the receiver reads nothing else
      control_number: it stands in the message id
      created_at: nobody asks for it
  order:
    from: confirmation
    group_by: [order_number]
    fields:
      number: {from: order_number}
  report:
    from: confirmation
    fields:
      line: {number: 1}
      operation: {split: {field: operation, separator: "/", part: 1}}
      step: {split: {field: operation, separator: "/", part: 2}}
      quantity: {from: yield_quantity}
      unit: {from: unit, codes: {KG: KGM, CAN: C62}}
      machine_time:
        from: machine_time
        unit: {of: time_unit, factors: {S: 1, MIN: 60, H: 3600}, to: S}
        rounding: half-up
      finished: {from: finished_at}
      final: {from: final}
      key: {join: {fields: [confirmation_number, confirmation_counter], separator: "-"}}
      text: {from: text, default: nothing said}
    drop:
      line_number: counted anew
      plant: there is one plant
      scrap_quantity: not reported
      rework_quantity: not reported
      setup_time: not reported
      labour_time: not reported
      work_centre: not reported
      posting_date: not reported
      started_at: not reported
      batch: not reported
      reason_code: not reported
"""

PICKING = """\
schema: 1
message_type: picking
version: 1.0.0
status: draft
title: What to fetch for an order
kind: delimited
dialect: {delimiter: "|", decimal_mark: ",", date_format: DD.MM.YYYY, true_tokens: [Y], false_tokens: [N]}
envelope:
  counts: [{stated: end.rows, of: [pick]}]
records:
  pick:
    discriminator: {column: 1, value: P}
    fields:
      mark: {constant: P}
      message: {}
      order: {type: integer}
      due: {type: date}
      operation: {}
      material: {}
      quantity: {type: decimal, decimals: 3}
      unit: {}
      place: {nullable: true}
      automatic: {type: boolean}
  end:
    role: trailer
    discriminator: {column: 1, value: E}
    fields:
      mark: {constant: E}
      rows: {type: integer}
"""

TO_PICKING = """\
schema: 1
from: {message_type: order, version: 1.0.0}
to: {message_type: picking, version: 1.0.0}
status: draft
title: Components to fetch
suffix: .pick
drop_records: {operation: the picker sees its number alone}
records:
  pick:
    from: component
    copy: [material, quantity, unit]
    fields:
      message: {from: header.message_id}
      order: {from: order.order_number}
      due: {from: order.basic_start}
      operation: {from: operation.operation_number}
      place: {from: storage_location}
      automatic: {from: backflush}
    drop:
      item_number: not printed
      order.order_type: not printed
      order.plant: there is one plant
      order.material: it is made, not picked
      order.description: not printed
      order.quantity: not printed
      order.unit: not printed
      order.basic_finish: not printed
  end:
    from: header
    drop: {sender: known, receiver: known, sequence_number: not printed, created_at: not printed}
"""

ISSUES = """\
schema: 1
message_type: issues
version: 1.0.0
status: draft
title: Goods issues as JSON
kind: json
dialect: {datetime_format: "YYYY-MM-DDTHH:MM:SSZ", date_format: YYYY-MM-DD}
envelope:
  message_id: header.id
  counts: [{stated: header.count, of: [issue]}]
  totals: [{stated: header.sum, sum_of: issue.quantity}]
records:
  header:
    role: header
    path: /header
    fields:
      id: {path: /id}
      created: {path: /created, type: datetime}
      count: {path: /count, type: integer}
      sum: {path: /sum, type: decimal}
  issue:
    path: /issues
    fields:
      material: {path: /material}
      quantity: {path: /quantity, type: decimal, decimals: 3}
      unit: {path: /unit}
      batch: {path: /batch, required: false, nullable: true}
      posted: {path: /posted, type: date}
      final: {path: /final, type: boolean}
"""

TO_ISSUES = """\
schema: 1
from: {message_type: consumption, version: 1.1.0}
to: {message_type: issues, version: 1.0.0}
status: draft
title: Consumption as JSON
records:
  header:
    from: header
    fields:
      id: {from: message_id}
      created: {from: created_at}
    drop: {sender: known, receiver: known, control_number: not asked for}
  issue:
    from: item
    copy: [quantity, unit, batch]
    fields:
      material: {from: material, strip: "0"}
      posted: {from: posting_date}
      final: {from: final_issue}
    drop:
      line_number: not asked for
      document: not asked for
      document_item: not asked for
      plant: not asked for
      order_number: not asked for
      operation: not asked for
      movement_type: not asked for
      storage_location: not asked for
      document_date: not asked for
      text: not asked for
      reservation: not asked for
      reservation_item: not asked for
drop_records: {trailer: counted anew}
"""


@dataclass
class Kit:
    """A catalogue directory that a test fills."""

    directory: Path

    @classmethod
    def with_shipped(cls, directory: Path, *versions: str) -> Kit:
        """Return a catalogue with the shipped ``versions`` (``confirmation/1.1.0``)."""
        for version in versions:
            shutil.copytree(bundled("formats") / version, directory / version)
        return cls(directory)

    def add(self, text: str) -> None:
        """Write a format version."""
        lines = dict(line.split(": ", 1) for line in text.splitlines()[:4])
        place = self.directory / lines["message_type"] / lines["version"]
        place.mkdir(parents=True)
        (place / "format.yaml").write_text(text, encoding="utf-8")

    def map(self, source: str, name: str, text: str) -> Path:
        """Write the mapping ``name`` (without .yaml) of the message type ``source``."""
        path = self.directory / source / "mappings" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def bound(self, path: Path) -> Bound:
        """Return the mapping in ``path`` with its formats, checked for problems."""
        assert self.problems(path) == []
        mapping, _document = load_mapping(path)
        catalogue = Catalogue.load(self.directory)
        ends = (mapping.source, mapping.target)
        source, target = (catalogue.look(one.message_type, one.version) for one in ends)
        return Bound(mapping, source, target)

    def problems(self, path: Path) -> list[str]:
        """Return what the check says of a mapping, as ``path: message``."""
        mapping, document = load_mapping(path)
        catalogue = Catalogue.load(self.directory)
        ends = (mapping.source, mapping.target)
        source, target = (catalogue.look(one.message_type, one.version) for one in ends)
        return [f"{one.path}: {one.message}" for one in check_mapping(mapping, source, target, document)]

    def case_problems(self, path: Path) -> list[str]:
        """Return what the test cases of a mapping say."""
        return [str(one) for one in check_cases(self.bound(path))]


def converted(bound: Bound, data: bytes) -> tuple[bytes, list[Finding]]:
    """Return what ``data`` becomes, and what could not be carried over."""
    out, findings = io.BytesIO(), Findings()
    convert(bound, lambda: io.BytesIO(data), out, findings)
    return out.getvalue(), findings.listed()


def errors_of(bound: Bound, output: bytes) -> list[str]:
    """Return the messages of what is wrong with an output under the target format."""
    (reading,) = read_files(
        bound.target, [Input(0, "output", lambda: io.BytesIO(output))], limits=ListingLimits()
    )
    reading.keys.close()
    return [f"{one.code} {one.message}" for one in reading.findings.listed()]

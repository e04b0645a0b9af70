"""The table of ``cases``: base definitions, and a row for each way in which two versions can differ.

A row is: kind | base | verdict of old files under new / of new files under old | path | old | new.
"""

from __future__ import annotations

_HEAD = """
schema: 1
message_type: stock
version: 1.0.0
status: draft
title: Stock
"""

#: One definition of each physical kind, by the name that cases use.
BASES: dict[str, str] = {
    "delimited": _HEAD
    + """
kind: delimited
dialect: {delimiter: ";"}
envelope:
  message_id: head.id
  control_number: head.number
  counts: [{stated: tail.lines, of: [item]}]
records:
  head:
    role: header
    discriminator: {column: 1, value: H}
    fields: {row: {constant: H}, id: {max_length: 20}, number: {pattern: "[0-9]{4}"}, site: {}}
  item:
    discriminator: {column: 1, value: I}
    fields:
      row: {constant: I}
      material: {max_length: 18}
      quantity: {type: decimal, digits: 9, decimals: 3}
      booked: {type: integer, nullable: true}
      unit: {codes: {KG: kilogram, PC: piece}}
      due: {type: date}
      seen: {type: datetime}
      open: {type: boolean}
      note: {nullable: true, max_length: 40}
  tail:
    role: trailer
    discriminator: {column: 1, value: T}
    fields: {row: {constant: T}, lines: {type: integer}, sum: {type: decimal}}
""",
    "headed": _HEAD
    + """
kind: delimited
dialect: {delimiter: ";", header_row: true}
records:
  item:
    fields:
      material: {max_length: 18}
      quantity: {type: decimal, digits: 9, decimals: 3}
      note: {nullable: true, required: false}
""",
    "fixed-width": _HEAD
    + """
kind: fixed-width
dialect: {line_end: any, trim: right}
records:
  head:
    role: header
    length: 20
    discriminator: {offset: 0, length: 2, value: H}
    fields: {row: {offset: 0, length: 2, constant: H}, id: {offset: 2, length: 10}}
  item:
    length: 40
    discriminator: {offset: 0, length: 2, value: I}
    fields:
      row: {offset: 0, length: 2, constant: I}
      material: {offset: 2, length: 10}
      colour: {offset: 12, length: 10}
      quantity: {offset: 22, length: 8, type: integer, trim: both}
""",
    "xml": _HEAD
    + """
kind: xml
dialect: {namespace: "urn:stock:1", root: Stock}
envelope: {message_id: head.id}
records:
  head: {role: header, path: /Stock/Head, fields: {id: {path: Id}}}
  item:
    path: /Stock/Item
    fields:
      material: {path: Material, max_length: 18}
      quantity: {path: Quantity, type: decimal}
      unit: {path: "Quantity/@unit", required: false}
      note: {path: Note, required: false, nullable: true}
""",
    "json": _HEAD
    + """
kind: json
envelope: {message_id: head.id}
records:
  head: {role: header, path: /head, fields: {id: {path: /id}}}
  item:
    path: /items
    fields:
      material: {path: /material, max_length: 18}
      quantity: {path: /quantity, type: decimal}
      note: {path: /note, required: false, nullable: true}
""",
    "lines": _HEAD
    + """
kind: json
dialect: {lines: true}
records:
  item: {path: "", fields: {material: {path: /material}, quantity: {path: /quantity, type: decimal}}}
""",
}

_ITEM = "records: {item: {fields: {%s}}}"


def _field(old: str, new: str) -> str:
    """Return the two parts of a row that change fields of the record type ``item``."""
    return f"{_ITEM % old} | {_ITEM % new}"


TABLE: tuple[str, ...] = (
    # the file as a whole
    "documentation | delimited | ok/ok | title | {} | title: Stock on hand",
    "documentation | delimited | ok/ok | records.item.fields.material.description | {} | "
    + _ITEM % "material: {description: The number.}",
    (
        r"file-name | delimited | breaking/ok | file_name | file_name: 'S[0-9]{4,6}\.csv' | "
        r"file_name: 'S[0-9]{4}\.csv'"
    ),
    r"file-name | delimited | breaking/ok | file_name | {} | file_name: 'S[0-9]{4}\.csv'",
    "zero-records | delimited | ok/breaking | zero_records | {} | zero_records: accept",
    "content-opened | delimited | ok/breaking | closed | {} | closed: false",
    "content-closed | json | breaking/ok | closed | closed: false | {}",
    "effective-dates | delimited | review/ok | effective | {} | effective: {from: '2026-01-01'}",
    "status | delimited | ok/ok | status | {} | status: released",
    "message-type | delimited | review/review | message_type | {} | message_type: stocktaking",
    # characters and lines
    (
        "charset | delimited | breaking/breaking | encoding.charset | encoding: {bom: forbidden} | "
        "encoding: {charset: cp1252, bom: forbidden}"
    ),
    "charset | delimited | ok/breaking | encoding.charset | encoding: {charset: ascii} | {}",
    "byte-order-mark | delimited | breaking/ok | encoding.bom | {} | encoding: {bom: forbidden}",
    "byte-order-mark | xml | breaking/ok | encoding.bom | {} | encoding: {bom: required}",
    "delimiter | delimited | breaking/breaking | dialect.delimiter | {} | dialect: {delimiter: ','}",
    'quote | delimited | breaking/breaking | dialect.quote | {} | dialect: {quote: "\'"}',
    "escape | delimited | breaking/silent | dialect.escape | {} | dialect: {escape: '\\'}",
    "heading-row | headed | breaking/breaking | dialect.header_row | {} | dialect: {header_row: false}",
    (
        "trailing-delimiter | delimited | ok/breaking | dialect.trailing_delimiter | {} | "
        "dialect: {trailing_delimiter: optional}"
    ),
    (
        "trailing-delimiter | delimited | breaking/breaking | dialect.trailing_delimiter | {} | "
        "dialect: {trailing_delimiter: required}"
    ),
    "blank-lines | delimited | ok/breaking | dialect.blank_lines | {} | dialect: {blank_lines: skip}",
    "line-end | delimited | breaking/ok | dialect.line_end | {} | dialect: {line_end: lf}",
    "line-end | fixed-width | breaking/breaking | dialect.line_end | {} | dialect: {line_end: none}",
    (
        "final-line-end | delimited | breaking/ok | dialect.final_line_end | {} | "
        "dialect: {final_line_end: required}"
    ),
    (
        "stripped-blanks | fixed-width | ok/breaking | dialect.stripped_blanks | {} | "
        "dialect: {stripped_blanks: true}"
    ),
    "json-lines | lines | breaking/breaking | dialect.lines | {} | dialect: {lines: false}",
    "namespace | xml | breaking/breaking | dialect.namespace | {} | dialect: {namespace: 'urn:stock:2'}",
    # record types
    (
        "record-type-added | delimited | ok/breaking | records.text | {} | "
        "records: {text: {discriminator: {column: 1, value: X}, fields: {row: {constant: X}, text: {}}}}"
    ),
    (
        "record-type-added | xml | breaking/breaking | records.text | {} | "
        "records: {text: {path: /Stock/Text, min_occurs: 1, fields: {text: {path: .}}}}"
    ),
    (
        "record-type-removed | json | review/review | records.text | "
        "records: {text: {path: /texts, fields: {text: {path: /text}}}} | {}"
    ),
    (
        "record-type-renamed | delimited | ok/ok | records.item~line | {} | envelope: {counts: "
        "[{stated: tail.lines, of: [line]}]}\nrecords: {item: ~, line: {discriminator: {column: 1, "
        "value: I}, "
        "fields: {row: {constant: I}, material: {max_length: 18}, "
        "quantity: {type: decimal, digits: 9, decimals: 3}, booked: {type: integer, nullable: true}, "
        "unit: {codes: {KG: kilogram, PC: piece}}, due: {type: date}, seen: {type: datetime}, "
        "open: {type: boolean}, note: {nullable: true, max_length: 40}}}}"
    ),
    (
        "discriminator | delimited | breaking/breaking | records.item.discriminator | {} | "
        "records: {item: {discriminator: {value: P}, fields: {row: {constant: P}}}}"
    ),
    (
        "cardinality-tightened | delimited | breaking/ok | records.item.occurs | {} | "
        "records: {item: {max_occurs: 5}}"
    ),
    (
        "cardinality-loosened | delimited | ok/breaking | records.tail.occurs | {} | "
        "records: {tail: {max_occurs: 2}}"
    ),
    (
        "cardinality-changed | json | breaking/breaking | records.item.occurs | "
        "records: {item: {min_occurs: 1, max_occurs: 3}} | records: {item: {min_occurs: 2, max_occurs: 4}}"
    ),
    "record-path | json | breaking/breaking | records.item.path | {} | records: {item: {path: /lines}}",
    (
        "record-length | fixed-width | breaking/breaking | records.item.length | {} | "
        "records: {item: {length: 44}}"
    ),
    "record-key | delimited | review/review | records.item.key | {} | records: {item: {key: [material]}}",
    (
        "business-reference | delimited | ok/ok | records.item.references | {} | "
        "records: {item: {references: {material: material}}}"
    ),
    # fields: where they stand
    "field-added-optional | headed | ok/breaking | records.item.fields.lot | "
    + _field("", "lot: {required: false}"),
    "field-added-optional | delimited | ok/breaking | records.item.fields.lot | "
    + _field("", "lot: {required: false}"),
    "field-added-required | delimited | breaking/breaking | records.item.fields.lot | "
    + _field("", "lot: {}"),
    "field-added-required | json | breaking/breaking | records.item.fields.lot | "
    + _field("", "lot: {path: /lot}"),
    "field-removed-optional | xml | breaking/ok | records.item.fields.note | " + _field("", "note: ~"),
    "field-removed-required | headed | breaking/breaking | records.item.fields.quantity | "
    + _field("", "quantity: ~"),
    (
        "field-renamed | delimited | ok/ok | records.item.fields.material~number | "
        "{} | records: {item: {fields: {$whole: 1, row: {constant: I}, "
        "number: {aliases: [material], max_length: 18}, quantity: {type: decimal, digits: 9, decimals: 3}, "
        "booked: {type: integer, nullable: true}, unit: {codes: {KG: kilogram, PC: piece}}, due: "
        "{type: date}, "
        "seen: {type: datetime}, open: {type: boolean}, note: {nullable: true, max_length: 40}}}}"
    ),
    "field-renamed | headed | breaking/breaking | records.item.fields.material~number | "
    + _field("material: {id: m1}", "material: ~, number: {id: m1, max_length: 18}"),
    "field-moved | fixed-width | silent/silent | records.item.fields.material.offset | "
    + _field("", "material: {offset: 12}, colour: {offset: 2}"),
    "field-path | xml | breaking/breaking | records.item.fields.material.path | "
    + _field("", "material: {path: Number}"),
    "element-attribute | xml | breaking/breaking | records.item.fields.material.path | "
    + _field("", "material: {path: '@material'}"),
    "heading | headed | breaking/breaking | records.item.fields.material.heading | "
    + _field("", "material: {heading: MATNR}"),
    "field-required | json | breaking/ok | records.item.fields.note.required | "
    + _field("", "note: {required: true}"),
    "field-optional | headed | ok/breaking | records.item.fields.material.required | "
    + _field("", "material: {required: false}"),
    # fields: what their values are
    "nullable | delimited | ok/breaking | records.item.fields.material.nullable | "
    + _field("", "material: {nullable: true}"),
    "not-nullable | delimited | breaking/ok | records.item.fields.note.nullable | "
    + _field("", "note: {nullable: false}"),
    (
        "null-tokens | delimited | breaking/breaking | dialect.null_tokens | {} | dialect: "
        "{null_tokens: ['', '-']}"
    ),
    "null-tokens | delimited | silent/silent | records.item.fields.note.null_tokens | "
    + _field("", "note: {null_tokens: ['', '-']}"),
    "length-tightened | delimited | breaking/ok | records.item.fields.material.max_length | "
    + _field("", "material: {max_length: 10}"),
    "length-loosened | delimited | ok/breaking | records.item.fields.note.max_length | "
    + _field("", "note: {max_length: 60}"),
    "digits | delimited | breaking/ok | records.item.fields.quantity.digits | "
    + _field("", "quantity: {digits: 7}"),
    "decimals | delimited | ok/breaking | records.item.fields.quantity.decimals | "
    + _field("", "quantity: {decimals: 4}"),
    "text-number | delimited | breaking/silent | records.item.fields.material.type | "
    + _field("", "material: {type: integer}"),
    "type-widened | delimited | ok/breaking | records.item.fields.booked.type | "
    + _field("", "booked: {type: decimal}"),
    "code-added | delimited | ok/breaking | records.item.fields.unit.codes.L | "
    + _field("", "unit: {codes: {L: litre}}"),
    "code-removed | delimited | breaking/ok | records.item.fields.unit.codes.PC | "
    + _field("", "unit: {codes: {PC: ~}}"),
    "code-redefined | delimited | silent/silent | records.item.fields.unit.codes.PC | "
    + _field("", "unit: {codes: {PC: pack}}"),
    (
        "pattern-tightened | delimited | breaking/ok | records.head.fields.number.pattern | "
        'records: {head: {fields: {number: {pattern: "[0-9]+"}}}} | {}'
    ),
    "range-tightened | delimited | breaking/ok | records.item.fields.quantity.minimum | "
    + _field("", "quantity: {minimum: 0}"),
    (
        "constant | delimited | breaking/ok | records.head.fields.site.constant | {} | "
        "records: {head: {fields: {site: {constant: P1}}}}"
    ),
    "unit | delimited | silent/silent | records.item.fields.quantity.unit | "
    + _field("quantity: {unit: kg}", "quantity: {unit: g}"),
    "severity | delimited | ok/breaking | records.item.fields.material.severity | "
    + _field("", "material: {severity: warning}"),
    "rounding | delimited | silent/silent | records.item.fields.quantity.rounding | "
    + _field("quantity: {rounding: half-up}", "quantity: {rounding: down}"),
    # envelope and rules
    "identifier | delimited | silent/silent | envelope.message_id | {} | envelope: {message_id: head.site}",
    (
        "interchange-key | delimited | silent/silent | envelope.key | {} | "
        "envelope: {key: [sender, control_number]}"
    ),
    (
        "control-total | delimited | breaking/ok | envelope.totals.tail.sum | {} | "
        "envelope: {totals: [{stated: tail.sum, sum_of: item.quantity}]}"
    ),
    "count | delimited | ok/breaking | envelope.counts.tail.lines | {} | envelope: {counts: ~}",
    (
        "sequence-reset | delimited | review/review | envelope.sequence | {} | "
        "envelope: {sequence: {first: 1, last: 9999}}"
    ),
    (
        "rule-added | delimited | breaking/ok | rules.once | {} | "
        "rules: [{id: once, kind: unique, record: item, fields: [material], message: Once.}]"
    ),
    # the rest: one more of each kind that is left
    "kind | delimited | breaking/breaking | kind | {} | kind: json",
    (
        "root-element | xml | breaking/breaking | dialect.root | {} | "
        "{dialect: {root: Stocks}, records: {head: {path: /Stocks/Head}, item: {path: /Stocks/Item}}}"
    ),
    (
        "record-types-reordered | json | ok/ok | records | {} | records: {$whole: 1, "
        "item: {path: /items, fields: {material: {path: /material, max_length: 18}, "
        "quantity: {path: /quantity, type: decimal}, note: {path: /note, required: false, nullable: true}}}, "
        "head: {role: header, path: /head, fields: {id: {path: /id}}}}"
    ),
    "parent | json | review/review | records.item.parent | {} | records: {item: {parent: head}}",
    "role | delimited | review/review | records.tail.role | {} | records: {tail: {role: record}}",
    "field-length | fixed-width | silent/review | records.item.fields.colour.length | "
    + _field("", "colour: {length: 8}"),
    "type-narrowed | delimited | breaking/ok | records.item.fields.quantity.type | "
    + _field("", "quantity: {type: integer, decimals: ~}"),
    "type-changed | delimited | breaking/breaking | records.item.fields.due.type | "
    + _field("", "due: {type: boolean}"),
    "length-changed | delimited | breaking/breaking | records.item.fields.material.lengths | "
    + _field("", "material: {min_length: 4, max_length: 40}"),
    "implied-decimals | delimited | breaking/breaking | records.item.fields.booked.implied_decimals | "
    + _field("booked: {type: decimal, implied_decimals: 2}", "booked: {type: decimal}"),
    "decimal-mark | delimited | breaking/breaking | dialect.decimal_mark | {} | dialect: {decimal_mark: ','}",
    (
        "thousands-mark | delimited | ok/breaking | dialect.thousands_mark | {} | "
        """dialect: {thousands_mark: "'"}"""
    ),
    "sign-position | delimited | breaking/breaking | records.item.fields.booked.sign | "
    + _field("", "booked: {sign: trailing}"),
    "unit-field | delimited | silent/silent | records.item.fields.quantity.unit_field | "
    + _field("quantity: {unit_field: unit}", "quantity: {unit_field: note}"),
    (
        "time-zone | delimited | silent/silent | dialect.time_zone | dialect: {time_zone: Europe/Berlin} | "
        "dialect: {time_zone: Asia/Tokyo}"
    ),
    (
        "date-order | delimited | breaking/breaking | dialect.date_format | "
        "dialect: {date_format: DD/MM/YYYY} | "
        "dialect: {date_format: MM/DD/YYYY}"
    ),
    "date-notation | delimited | breaking/breaking | records.item.fields.due.date_format | "
    + _field("", "due: {date_format: YYYYMMDD}"),
    "codes-closed | delimited | breaking/ok | records.item.fields.note.codes | "
    + _field("", "note: {codes: {A: first, B: second}}"),
    "codes-opened | delimited | ok/breaking | records.item.fields.unit.codes | "
    + _field("", "unit: {codes: ~}"),
    (
        "pattern-loosened | delimited | ok/breaking | records.head.fields.number.pattern | {} | "
        'records: {head: {fields: {number: {pattern: "[0-9]{3,4}"}}}}'
    ),
    (
        "pattern-changed | delimited | breaking/breaking | records.head.fields.number.pattern | {} | "
        'records: {head: {fields: {number: {pattern: "[A-Z]{4}"}}}}'
    ),
    "range-loosened | delimited | ok/breaking | records.item.fields.booked.maximum | "
    + _field("booked: {maximum: 10}", "booked: {maximum: 20}"),
    "range-changed | delimited | breaking/breaking | records.item.fields.booked.range | "
    + _field("booked: {minimum: 0, maximum: 10}", "booked: {minimum: 5, maximum: 20}"),
    "default | delimited | silent/silent | records.item.fields.note.default | "
    + _field("note: {default: none}", "note: {default: nothing}"),
    "trim | delimited | breaking/breaking | records.item.fields.material.trim | "
    + _field("", "material: {trim: both}"),
    "boolean-words | delimited | breaking/breaking | dialect.true_tokens | {} | dialect: {true_tokens: [J]}",
    "values-together | delimited | silent/ok | records.item.fields.unit | "
    + _field("", "unit: {nullable: true, null_tokens: ['', PC]}"),
    (
        "version-field | delimited | review/review | envelope.format_version.field | {} | "
        "envelope: {format_version: {field: head.site}}"
    ),
    (
        "version-values | delimited | ok/ok | envelope.format_version.values | "
        "envelope: {format_version: {field: head.site, values: [A]}} | "
        "envelope: {format_version: {field: head.site, values: [B]}}"
    ),
    (
        "control-number | delimited | review/review | envelope.control_number | {} | "
        "envelope: {control_number: head.site}"
    ),
    (
        "sequence-width | delimited | breaking/breaking | envelope.control_number.width | {} | "
        'records: {head: {fields: {number: {pattern: "[0-9]{6}"}}}}'
    ),
    (
        "rule-removed | delimited | ok/breaking | rules.booked | rules: [{id: booked, kind: compare, "
        "record: item, left: quantity, op: '>=', right: booked, message: Not more than there is.}] | {}"
    ),
    (
        "rule-changed | delimited | breaking/ok | rules.noted | rules: [{id: noted, kind: any-of, "
        "record: item, fields: [booked, note], message: One.}] | rules: [{id: noted, kind: any-of, "
        "record: item, fields: [note], message: One.}]"
    ),
    (
        "rule-severity | delimited | ok/breaking | rules.noted.severity | rules: [{id: noted, kind: "
        "required, "
        "record: item, fields: [note], message: Needed.}] | rules: [{id: noted, kind: required, "
        "record: item, fields: [note], message: Needed., severity: warning}]"
    ),
)

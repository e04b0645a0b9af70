"""Many JSON records at once are read as records one by one are: the same rows, the same findings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from gateway.formats.definition import Format
from gateway.model import Finding
from gateway.readers import document_text, json_lines, json_runs
from gateway.readers import json as json_reader
from gateway.readers.json_runs import AHEAD, ahead
from gateway.readers.json_scan import Run, Walk
from tests.readers.document_kit import Row, charset, json_format, read
from tests.readers.json_texts import (
    DEEP_TYPES,
    OLDER_SCHEMA,
    SCHEMA,
    deep_documents,
    documents,
    files_of_lines,
    lists,
    marked,
)
from tests.readers.test_json_values import LINE_TYPES

Outcome = tuple[dict[str, list[Row]], list[Finding], dict[Any, int]]


def _outcome(definition: Format, data: bytes) -> Outcome:
    """Return rows and findings; where the document breaks off, more or less was read of what is behind."""
    rows, findings = read(definition, data)
    totals, listed = findings.totals, findings.listed()
    if any(key[0] in ("F601", "F604") for key in totals):
        totals = {key: total for key, total in totals.items() if key[0] != "F102"}
        listed = [one for one in listed if one.code != "F102"]
    return rows, listed, totals


def _both_ways(definition: Format, data: bytes, run: int, piece: int) -> tuple[Outcome, Outcome]:
    """Return what is read at once wherever that can be, and what is read one by one."""
    outcomes = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_reader, "WHOLE", 0)
        patch.setattr(document_text, "PIECE_BYTES", piece)
        patch.setattr(json_runs, "RUN", run)
        patch.setattr(json_lines, "RUN", run)
        patch.setattr(json_runs, "_PAUSE", 3)
        patch.setattr(json_lines, "_LEAST", 0)
        outcomes.append(_outcome(definition, data))
        patch.setattr(json_lines, "_LEAST", 10**9)
        patch.setattr(json_runs.Taker, "take", lambda *_arguments: iter(()))
        outcomes.append(_outcome(definition, data))
    return outcomes[0], outcomes[1]


def _demand_alike(definition: Format, data: bytes, run: int = 1 << 20, piece: int = 7) -> Outcome:
    at_once, one_by_one = _both_ways(definition, data, run, piece)
    assert at_once[0] == one_by_one[0]
    assert at_once[1] == one_by_one[1]
    assert at_once[2] == one_by_one[2]
    return at_once


def _schema(directory: Path, schema: object = SCHEMA) -> dict[str, Any]:
    (directory / "schema.json").write_text(json.dumps(schema), "utf-8")
    return {"json_schema": "schema.json", "directory": directory, "digest": "at-once"}


_LAW = hypothesis.settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
_RUNS = st.sampled_from([1, 300, 1500, 1 << 20])
_PIECES = st.sampled_from([5, 64, 4096])


@_LAW
@given(
    data=documents(),
    run=_RUNS,
    piece=_PIECES,
    schema=st.sampled_from([None, SCHEMA, OLDER_SCHEMA]),
    is_closed=st.booleans(),
)
def test_documents_are_read_alike(
    tmp_path: Path, data: bytes, run: int, piece: int, schema: object, is_closed: bool
) -> None:
    """The gateway shall find the same records and faults in a document, many at once or one by one."""
    settings = _schema(tmp_path, schema) if schema else {}
    _demand_alike(json_format(closed=is_closed, **settings), data, run, piece)


@_LAW
@given(data=documents(), run=_RUNS, name=st.sampled_from(["utf-16-le", "utf-16-be", "cp1252"]))
def test_other_encodings_are_read_alike(data: bytes, run: int, name: str) -> None:
    """The gateway shall tell lines and bytes in any encoding, many records at once or one by one."""
    text = data.decode("utf-8", "replace").encode(name, "replace")
    _demand_alike(json_format(encoding=charset(name)), text, run, 64)


@_LAW
@given(data=lists(), run=_RUNS, piece=_PIECES)
def test_types_told_by_a_member_are_read_alike(data: bytes, run: int, piece: int) -> None:
    """The gateway shall tell the types of records in one array, many at once or one by one."""
    _demand_alike(json_format(LINE_TYPES), data, run, piece)


@_LAW
@given(data=deep_documents(), run=_RUNS, piece=_PIECES, is_closed=st.booleans())
def test_records_in_records_are_read_alike(data: bytes, run: int, piece: int, is_closed: bool) -> None:
    """The gateway shall number and place records in records alike, many at once or one by one."""
    _demand_alike(json_format(DEEP_TYPES, closed=is_closed), data, run, piece)


@_LAW
@given(
    data=files_of_lines(),
    run=_RUNS,
    piece=_PIECES,
    has_schema=st.booleans(),
    blank=st.sampled_from(["refuse", "skip"]),
)
def test_lines_are_read_alike(
    tmp_path: Path, data: bytes, run: int, piece: int, has_schema: bool, blank: str
) -> None:
    """The gateway shall find the same records and faults in NDJSON, many lines at once or one by one."""
    rules = {"kind": {"enum": ["B", "H"]}, "quantity": {"type": "number", "multipleOf": 0.01}}
    settings = _schema(tmp_path, {"properties": rules}) if has_schema else {}
    definition = json_format(LINE_TYPES, lines=True, blank_lines=blank, **settings)
    _demand_alike(definition, data, run, piece)


def test_lines_are_counted_in_openings_too() -> None:
    """The gateway shall tell the lines of records whose beginnings are spread over several lines."""
    bill = '{\n"material"\n:\n"00A", "base": {"quantity": 1.5}, "items": [\n{\n"position"\n: "1"}]}'
    data = ('{"bills": [' + ",\n".join([bill] * 40) + "]}").encode()
    rows, *_ = _demand_alike(json_format(), data, run=300)
    assert [row["_line"] for row in rows["bill"]] == [1 + 7 * number for number in range(40)]
    assert [row["_line"] for row in rows["item"]] == [5 + 7 * number for number in range(40)]


def test_only_odd_records_are_looked_at_by_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway shall not parse one by one the records of a large document that are written alike."""
    bill = '{"material": "00A", "base": {"quantity": 1.5}, "items": [{"position": "1", "loose": true}]}'
    bills = [bill] * 30_000
    bills[20_000] = bill.replace('"1"', '"12345"')
    bills[25_000] = bill.replace("00A", "00\\u0041")
    data = ('{"bills": [\n' + ",\n".join(bills) + "]}").encode()
    scanned = _counted(monkeypatch, Walk, "element")
    rows, (found,), _ = _outcome(json_format(**_schema(tmp_path)), data)
    assert [len(rows[name]) for name in ("bill", "item")] == [30_000, 30_000]
    assert (found.code, found.line, found.record, found.value) == ("F605", 20_002, 40_001, "12345")
    assert len(scanned) < 10


def test_only_odd_lines_are_looked_at_by_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway shall not parse one by one the lines of a large file that are written alike."""
    lines = [marked("B", '"00A"', "1.5")] * 30_000
    lines[20_000] = lines[20_000].replace('"B"', '"X"')
    scanned = _counted(monkeypatch, json_lines, "scan_text")
    rows, (found,), _ = _outcome(json_format(LINE_TYPES, lines=True), "\n".join([*lines, ""]).encode())
    assert (len(rows["bill"]), found.code, found.line) == (29_999, "F110", 20_001)
    assert len(scanned) < 10


def test_escapes_make_no_line_odd(monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway shall read texts with escapes at once too, as some partners write every letter so."""
    lines = [marked("B", rf'"\u00e4\"{number}\/"', '"\\\\"') for number in range(30_000)]
    scanned = _counted(monkeypatch, json_lines, "scan_text")
    rows, found, _ = _outcome(json_format(LINE_TYPES, lines=True), "\n".join([*lines, ""]).encode())
    assert [row["material"] for row in rows["bill"]] == [f'ä"{number}/' for number in range(30_000)]
    assert {row["quantity"] for row in rows["bill"]} == {"\\"}
    assert (found, len(scanned) < 10) == ([], True)


def _counted(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> list[None]:
    """Let every call of ``name`` be counted."""
    calls: list[None] = []
    work = getattr(owner, name)

    def counted(*arguments: Any) -> Any:
        calls.append(None)
        return work(*arguments)

    monkeypatch.setattr(owner, name, counted)
    return calls


def _run(number: int) -> Run:
    return Run((), number, "{}\n", pl.Series(["{}"]), number + 1, 0, is_listed=False)


def test_runs_come_in_order_and_before_what_follows_them() -> None:
    """The gateway shall use runs in their order, others when their turn comes, and end with the error."""
    taken: list[Run | str] = []
    items: list[Run | str] = [_run(0), _run(1), "a", _run(2), _run(3), _run(4), _run(5)]

    def read() -> Iterator[Run | str]:
        for item in items:
            taken.append(item)
            yield item
        raise OSError("gone")

    used: list[Run | str] = []

    def use_all() -> None:
        for item, found in ahead(read(), lambda run: run.index):
            assert found == (item.index if isinstance(item, Run) else None)
            assert len(taken) <= len(used) + 1 + (AHEAD if isinstance(item, Run) else 0)
            used.append(item)

    with pytest.raises(OSError, match="gone"):
        use_all()
    assert used == items

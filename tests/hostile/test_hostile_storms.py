"""Files with nothing but faults: bounded memory, capped reports, exact totals."""

from __future__ import annotations

import json

import pytest

from gateway.model import State
from tests.hostile.hostile_kit import GOOD, peak_mebibytes
from tests.pipeline.plant import Plant, name_of

HEADER = "H;CNF-MES01-000001;MES01;ERPPRD;0000001;1.1;17.11.2026 14:05:02\r\n"
#: Wrong in three columns: plant, quantity and date.
ROW = (
    "C;{0};11x0;000001000241;0010;{0:010d};00000001;4B0,5;0;;KG;15;42,5;30;MIN;DISP-01;17.13.2026;"
    "17.11.2026 06:00:00;17.11.2026 06:45:00;J;;B26-00241;\r\n"
)
MOST_MEBIBYTES = 320


def storm(plant: Plant, rows: int) -> None:
    """Put a file of ``rows`` wrong rows into the inbox, and a good one behind it."""
    with (plant.inbox() / name_of(1)).open("w", newline="") as file:
        file.write(HEADER)
        file.writelines(ROW.format(row) for row in range(1, rows + 1))
        file.write(f"T;{rows};0,000\r\n")
    plant.drop_confirmation(2)


def demand_exact(plant: Plant, rows: int) -> None:
    """Assert what every storm of ``rows`` rows must come to."""
    assert plant.states() == {name_of(1): State.FAILED, name_of(2): State.PROCESSED}
    row = plant.transfer(name_of(1))
    totals = {(one["code"], one["column"]): one["count"] for one in (row.findings or {})["totals"]}
    assert totals == {
        ("F302", "yield_quantity"): rows,
        ("F305", "posting_date"): rows,
        ("F308", "plant"): rows,
    }
    assert (row.findings or {})["errors"] == 3 * rows
    assert len((row.findings or {})["listed"]) == 3 * 20
    settled = plant.directory / (row.settled_path or "")
    assert settled.with_name(f"{settled.name}.report.txt").stat().st_size < 64 * 1024
    assert f"{rows:,}" in settled.with_name(f"{settled.name}.report.txt").read_text()
    plant.demand_proof()


def test_a_file_of_nothing_but_wrong_rows_is_counted_exactly(plant: Plant) -> None:
    """100,000 wrong rows shall fail in bounded memory, with exact totals and a report of readable size."""
    storm(plant, 100_000)
    status, mebibytes = peak_mebibytes(plant, "run", "--once")
    assert status == 1
    assert mebibytes < MOST_MEBIBYTES
    demand_exact(plant, 100_000)


@pytest.mark.slow
def test_a_million_wrong_rows_take_no_more_memory(plant: Plant) -> None:
    """1,000,000 wrong rows shall fail in the same bounded memory, with exact totals."""
    storm(plant, 1_000_000)
    status, mebibytes = peak_mebibytes(plant, "run", "--once")
    assert (status, mebibytes < MOST_MEBIBYTES) == (1, True)
    demand_exact(plant, 1_000_000)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("C;1;2\r\n", "F108"),
        ("X;1;2\r\n", "F110"),
        ("\r\n", "F112"),
        ('C;"a\r\n', "F106"),
        ('C;"a"b;\r\n', "F107"),
        ("C\r;1\r\n", "F104"),
    ],
)
def test_every_row_of_wrong_form_is_counted(plant: Plant, row: str, code: str) -> None:
    """A file whose every row has the wrong form shall say so once per kind, with the exact number."""
    plant.drop(name_of(1), (HEADER + row * 5_000 + "T;5000;0,000\r\n").encode())
    plant.run()
    totals = {one["code"]: one["count"] for one in (plant.transfer(name_of(1)).findings or {})["totals"]}
    # behind an open quote the rest of the file is one value, until the next quote opens again
    assert totals[code] == 5_000 or (code == "F106" and totals[code] > 1)
    assert plant.states() == {name_of(1): State.FAILED}


@pytest.mark.slow
def test_one_endless_line_does_not_fill_the_memory(plant: Plant) -> None:
    """A single line of 300 MB shall be a finding of its own, in bounded memory, and keep its digest."""
    with (plant.inbox() / name_of(1)).open("wb") as file:
        file.truncate(300_000_000)
    plant.drop_confirmation(2)
    _status, mebibytes = peak_mebibytes(plant, "run", "--once")
    assert mebibytes < MOST_MEBIBYTES
    assert plant.states() == {name_of(1): State.FAILED, name_of(2): State.PROCESSED}
    assert {"F113", "F114"} <= set(plant.codes(name_of(1)))
    assert plant.transfer(name_of(1)).size == 300_000_000
    plant.demand_proof()


def dear_json() -> dict[str, str]:
    """Return small JSON documents that would be dear to hold or to complain about."""
    return {
        "elements": '{"bills":[' + "1," * 180_000 + "1]}",
        "members": "{" + ",".join(f'"a{n}":1' for n in range(300_000)) + "}",
        "header": '{"header":{"x":[' + "1," * 1_000_000 + "1]}}",
        "items": '{"bills":[{"items":[' + "{}," * 500_000 + "{}]}]}",
        "text": '{"bills":[{"material":"' + "x" * 20_000_000 + '"}]}',
        "depth": "[" * 1_000_000,
    }


def dear_xml() -> dict[str, str]:
    """Return small XML documents that would be dear to hold."""
    root, end = '<ProductionOrders xmlns="urn:plant-exchange:order:1">', "</ProductionOrders>"
    return {
        "elements": root + "<a/>" * 1_500_000 + end,
        "inner": root + "<Order>" + "<a/>" * 1_500_000 + "</Order>" + end,
        "text": root + "<a>" + "x" * 20_000_000 + "</a>" + end,
        "tag": f"{root}<{'x' * 3_000_000}",
        "comment": root + "<!--" + "x" * 14_000_000,
        "depth": root + "<a>" * 300_000,
    }


@pytest.mark.parametrize(
    ("message_type", "make"), [pytest.param("bom", dear_json, marks=pytest.mark.slow), ("order", dear_xml)]
)
def test_small_documents_cannot_be_made_dear(six: Plant, message_type: str, make: object) -> None:
    """Documents of a few megabytes shall not take a multiple of it in memory, whatever they hold."""
    assert callable(make)
    for title, text in make().items():
        good = GOOD[message_type]
        six.drop(f"{good.stem}-{title}{good.suffix}", text.encode(), message_type)
    status, mebibytes = peak_mebibytes(six, "run", "--once", "--route", message_type)
    assert (status, mebibytes < MOST_MEBIBYTES) == (1, True), mebibytes
    assert set(six.states().values()) == {State.FAILED}
    for row in six.transfers():
        assert not {"F199", "F115"} & set(six.codes(row.name))
        assert len(json.dumps(row.findings)) < 100_000
    six.demand_proof()

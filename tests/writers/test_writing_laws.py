"""What is written is read back: for generated definitions and rows of every kind, and every good sample."""

from __future__ import annotations

import contextlib
import io
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import UnwritableRow
from gateway.findings import Findings
from gateway.formats.definition import Format, Kind, Role
from gateway.formats.loading import load_format
from gateway.formats.row import Row
from gateway.readers.rows import rows_of
from gateway.validation.reading import Input, ListingLimits, read_files
from gateway.witness.building import NOTHING
from gateway.witness.draft import composed
from gateway.writers import writer_for
from gateway.writers.base import PLAIN, Style
from tests.compare.generated import definitions
from tests.readers.reader_kit import delimited

HOME = Path(__file__).resolve().parents[2]
SAMPLES = sorted(
    path for path in (HOME / "samples").glob("*/*/good/*") if path.suffix != ".yaml" and path.stat().st_size
)
_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), max_size=8)


def written(definition: Format, rows: list[Row], style: Style = PLAIN) -> bytes:
    """Return ``rows`` as a file."""
    out = io.BytesIO()
    writer_for(definition.kind, style).write(definition, iter(rows), out)
    return out.getvalue()


def read(definition: Format, data: bytes) -> tuple[list[Row], list[str]]:
    """Return the rows of a file, and what is wrong with its form."""
    findings = Findings()
    rows = list(rows_of(definition, io.BytesIO(data), findings))
    return rows, [f"{one.code} {one.message}" for one in findings.listed()]


def _as_read(definition: Format, row: Row) -> Row:
    """Return ``row`` as it comes back: absent columns are empty, fixed-width texts have their length."""
    kind = definition.record_type(row.record_type)
    texts = dict(row.texts)
    if definition.kind is Kind.DELIMITED:
        texts = {field.name: row.texts.get(field.name, "") for field in kind.fields}
    elif definition.kind is Kind.FIXED_WIDTH:
        texts = {f.name: row.texts.get(f.name, "").ljust(f.length or 0) for f in kind.fields}
    return Row(row.record_type, texts)


def _with_texts(data: st.DataObject, definition: Format, row: Row) -> Row:
    """Return ``row`` with any text at all in some of its text fields."""
    texts = dict(row.texts)
    for name in sorted(texts):
        field = definition.record_type(row.record_type).field(name)
        if field.constant is None and data.draw(st.booleans()):
            text = data.draw(_TEXTS)
            texts[name] = text[: field.length] if field.length else text
    return Row(row.record_type, texts)


@pytest.mark.parametrize("kind", Kind)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_text_survives_writing_and_reading(kind: Kind, data: st.DataObject) -> None:
    """The gateway shall read back the rows that it wrote, or refuse to write them."""
    definition = data.draw(definitions(kind))
    rows = [row.row() for row in composed(definition, NOTHING, data.draw(st.integers(0, 20)))]
    rows = [_with_texts(data, definition, row) for row in rows]
    try:
        file = written(definition, rows)
    except UnwritableRow:
        return
    again, wrong = read(definition, file)
    assert wrong == []
    assert again == [_as_read(definition, row) for row in rows]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_every_good_sample_can_be_written_again(sample: Path) -> None:
    """The gateway shall write the rows of every good sample as a file that is valid and has the same rows."""
    definition = load_format(HOME / "formats" / sample.parts[-4] / sample.parts[-3])
    rows, _wrong = read(definition, sample.read_bytes())
    file = written(definition, rows)
    assert read(definition, file)[0] == rows
    opened = Input(0, sample.name, lambda: contextlib.closing(io.BytesIO(file)))
    (reading,) = read_files(definition, [opened], limits=ListingLimits())
    assert [one.message for one in reading.findings.listed() if one.severity.value == "error"] == []


@pytest.mark.parametrize("name", ["confirmation/1.0.0", "consumption/1.0.0", "order/1.0.0", "bom/1.0.0"])
def test_memory_does_not_grow_with_the_rows(name: str) -> None:
    """The gateway shall write rows as they come, not when all of them are there."""
    definition = load_format(HOME / "formats" / name)
    business = next(kind for kind in definition.record_types if kind.role is Role.RECORD)
    tag = business.fields[0].name if business.discriminator else ""
    texts = {one.name: "1" * min(one.length or 4, 4) for one in business.fields if one.name != tag}
    out = io.BytesIO()
    written_so_far: list[int] = []

    def rows() -> Iterator[Row]:
        for _ in range(400):
            written_so_far.append(out.tell())
            yield Row(business.name, texts)

    writer_for(definition.kind).write(definition, rows(), out)
    steps = [after - before for before, after in itertools.pairwise(written_so_far[1:])]
    assert len(set(steps[3:])) == 1
    assert steps[-1] > 0


def test_a_style_changes_the_form_and_not_the_rows() -> None:
    """The gateway shall read the same rows whether values stand in quotes, or lines are stripped."""
    definition = load_format(HOME / "formats/confirmation/1.0.0")
    rows, _ = read(definition, SAMPLES[3].read_bytes())
    quoted = written(definition, rows, Style(quoted=True))
    assert quoted.startswith(b'"H"')
    assert read(definition, quoted)[0] == rows
    fixed = load_format(HOME / "formats/material/1.0.0")
    sample = next(path for path in SAMPLES if path.suffix == ".idoc")
    rows, _ = read(fixed, sample.read_bytes())
    stripped = written(fixed, rows, Style(stripped=True))
    assert len(stripped) < len(written(fixed, rows))
    assert read(fixed, stripped)[0] == rows


def test_a_style_can_leave_a_blank_line_and_the_last_line_end() -> None:
    """The gateway shall write a blank line, and no last line end, where a witness needs them."""
    definition = delimited(blank_lines="skip")
    rows = [Row("row", {"a": "1", "b": "2", "c": "3"})] * 2
    file = written(definition, rows, Style(blank_line=True, final_line_end=False))
    assert file == b"1;2;3\n\n1;2;3"
    assert read(definition, file) == (rows, [])

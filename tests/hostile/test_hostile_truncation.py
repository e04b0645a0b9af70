"""Files that end too early, at any byte."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.formats.catalogue import Catalogue
from gateway.formats.definition import Format, Version
from gateway.model import State
from gateway.validation.reading import Input, ListingLimits, Reading, read_files
from tests.hostile.hostile_kit import GOOD, ROOT, route
from tests.pipeline.plant import Plant

CATALOGUE = Catalogue.load(ROOT / "formats")
VERSIONS = {"confirmation": "1.1.0", "consumption": "1.1.0", "order": "1.1.0"}
#: Formats whose files say themselves where they end; the others need evidence beside the file.
CLOSED = ("confirmation", "consumption", "order", "bom")
OPEN = ("inventory-adjustment", "material")


def definition_of(message_type: str) -> Format:
    """Return the format version of the good file of ``message_type``."""
    return CATALOGUE.get(message_type, Version.parse(VERSIONS.get(message_type, "1.0.0")))


def read_cut(message_type: str, offsets: list[int]) -> list[Reading]:
    """Return what reading the good file says when it is cut at each of ``offsets``, all in one batch."""
    data = GOOD[message_type].read_bytes()
    inputs = [
        Input(n, "x", functools.partial(contextlib.closing, io.BytesIO(data[:offset])))
        for n, offset in enumerate(offsets)
    ]
    return read_files(definition_of(message_type), inputs, limits=ListingLimits())


def is_whole(message_type: str, offset: int) -> bool:
    """Return whether nothing but blanks after the end of the document is missing (XML and JSON)."""
    data = GOOD[message_type].read_bytes()
    return message_type in ("order", "bom") and not data[offset:].strip()


def at_record_end(message_type: str, offset: int) -> bool:
    """Return whether a file of a format without an end of its own is cut between two records."""
    if message_type == "inventory-adjustment":
        return GOOD[message_type].read_bytes()[:offset].endswith(b"\n")
    return offset >= 524 and (offset - 524) % 1063 == 0


@pytest.mark.parametrize("message_type", [*CLOSED, *OPEN])
def test_no_cut_file_is_sound(message_type: str) -> None:
    """A file cut at any byte shall have an error, but between two records of a format without an end."""
    size = GOOD[message_type].stat().st_size
    offsets = sorted({*range(1, size, max(7, size // 300)), *range(size - 20, size)})
    accepted = [
        offset
        for offset, reading in zip(offsets, read_cut(message_type, offsets), strict=True)
        if not reading.findings.errors and not is_whole(message_type, offset)
    ]
    if message_type in CLOSED:
        assert accepted == []
    else:
        assert all(at_record_end(message_type, offset) for offset in accepted)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_no_file_cut_anywhere_is_sound(data: st.DataObject) -> None:
    """A file of a format with a trailer or a closing shall never be accepted cut, wherever it is cut."""
    message_type = data.draw(st.sampled_from(CLOSED))
    offset = data.draw(st.integers(0, GOOD[message_type].stat().st_size - 1))
    (reading,) = read_cut(message_type, [offset])
    assert reading.findings.errors or is_whole(message_type, offset)


def test_cut_files_fail_at_their_place_with_their_bytes(six: Plant) -> None:
    """Files cut at the beginning, in the middle and at the end shall lie in failed, with their bytes."""
    dropped = {}
    for message_type in CLOSED:
        data = GOOD[message_type].read_bytes()
        for offset in (0, 1, 20, len(data) // 3, len(data) // 2, len(data) - 30, len(data) - 3):
            name = GOOD[message_type].stem + f"-cut-{offset}" + GOOD[message_type].suffix
            dropped[name] = data[:offset]
            six.drop(name, data[:offset], message_type)
        six.drop(GOOD[message_type].name, data, message_type)
    six.run()
    states = six.states()
    assert {states.pop(GOOD[message_type].name) for message_type in CLOSED} == {State.PROCESSED}
    assert set(states.values()) == {State.FAILED}
    for name, content in dropped.items():
        row = six.transfer(name)
        assert (six.directory / (row.settled_path or "")).read_bytes() == content
        assert row.reason_code
    six.demand_proof()


def test_a_cut_total_does_not_pass_for_a_shorter_number(plant: Plant) -> None:
    """A trailer whose total lost a zero shall be refused, though `960,00` is the same number as `960,000`."""
    whole = plant.drop_confirmation(1).read_bytes()
    assert whole.endswith(b"960,000\r\n")
    for count in range(1, 4):
        plant.drop(f"CONF_MES01_0000001-minus-{chr(96 + count)}.csv", whole[:-count])
    plant.run()
    assert plant.delivered() == ["CONF_MES01_0000001.csv"]


@pytest.mark.parametrize("message_type", OPEN)
def test_evidence_stops_what_the_format_cannot(tmp_path: Path, message_type: str) -> None:
    """A file cut between two records of a format without an end shall be stopped by its checksum file."""
    plant = Plant.build(tmp_path / "site", route("route", message_type, require="checksum"))
    path, data = GOOD[message_type], GOOD[message_type].read_bytes()
    end = data.index(b"\n", len(data) // 2) + 1 if message_type == OPEN[0] else 524 + 2 * 1063
    assert at_record_end(message_type, end)
    plant.drop(path.name, data[:end], "route")
    plant.drop(f"{path.name}.sha256", hashlib.sha256(data).hexdigest().encode(), "route")
    plant.run()
    assert plant.transfers() == []  # it may still be on its way
    plant.clock.advance(minutes=10)
    plant.run()
    assert plant.states() == {path.name: State.FAILED}
    assert "F213" in plant.codes(path.name)
    plant.demand_proof()

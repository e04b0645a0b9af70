"""Reference data: csv-spectrum (max-mapper/csv-spectrum, BSD-2)."""

import json
import os
from pathlib import Path

import pytest

from gateway.formats.definition import RecordType, Role
from tests.readers.reader_kit import delimited, fields, read_everyhow

REFERENCE = Path(
    os.environ.get("GATEWAY_REFERENCE") or Path(__file__).resolve().parents[3] / "shared" / "reference"
)
SPECTRUM = REFERENCE / "csv-spectrum"
NAMES = (
    "comma_in_quotes", "empty", "empty_crlf", "escaped_quotes", "json", "location_coordinates",
    "newlines", "newlines_crlf", "quotes_and_newlines", "simple", "simple_crlf", "utf8",
)  # fmt: skip

pytestmark = pytest.mark.skipif(not SPECTRUM.is_dir(), reason="the reference data is not here")


def expected_of(name: str) -> list[dict[str, str]]:
    """Return the expected values; upstream's two slips in location_coordinates are set right.

    Its JSON is one object instead of a list, and has a phone number that is not in the CSV.
    """
    values = json.loads((SPECTRUM / "json" / f"{name}.json").read_bytes().decode())
    if name == "location_coordinates":
        values = [{**values, "Contact Phone Number": "2095257564"}]
    return list(values)


@pytest.mark.parametrize("name", NAMES)
def test_every_file_yields_exactly_the_values_of_its_json(name: str) -> None:
    """The gateway shall read every case of csv-spectrum as its JSON says."""
    data = (SPECTRUM / "csvs" / f"{name}.csv").read_bytes()
    if name.endswith("_crlf"):
        # Some copies of the data have lost their CRs to a version control system.
        data = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    expected = expected_of(name)
    definition = delimited(
        RecordType("row", Role.RECORD, fields(*expected[0])), delimiter=",", header_row=True
    )
    outcome = read_everyhow(definition, data)
    assert outcome.listed == []
    assert outcome.values() == [tuple(row.values()) for row in expected]

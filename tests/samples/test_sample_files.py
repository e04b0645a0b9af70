"""Every sample is taken or refused as its expectation says, by the real readers and validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from gateway.finding_codes import CODES
from gateway.rules.file_names import match

from .sample_expectations import (
    CATALOGUE,
    ROOT,
    SIDECAR,
    Sample,
    choose,
    codes,
    judge,
    read_together,
    samples,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.formats.definition import Format
    from gateway.model import Finding

GOOD, BAD = samples("good"), samples("bad")


def versions() -> Iterator[Format]:
    """Yield every format version of the catalogue."""
    for message_type in CATALOGUE.message_types():
        yield from CATALOGUE.usable(message_type)


ALL = sorted(versions(), key=lambda each: (each.message_type, each.version))


def found_as(wanted: dict[str, object], found: Finding) -> bool:
    """Tell whether a finding has everything that an expectation names."""
    return all(str(getattr(found, name)) == str(value) for name, value in wanted.items())


@pytest.mark.parametrize("sample", GOOD, ids=str)
def test_a_good_sample_is_accepted(sample: Sample) -> None:
    """A good sample shall be accepted without any error, whatever edge values it holds."""
    findings = judge(sample)
    assert [str(each) for each in findings.listed() if each.severity.value == "error"] == []
    assert findings.errors == 0


@pytest.mark.parametrize("sample", GOOD, ids=str)
def test_a_good_sample_has_only_the_warnings_it_is_meant_to_have(sample: Sample) -> None:
    """A warning shall appear in a good sample exactly where its expectation names one."""
    findings = judge(sample)
    wanted = sample.expectation["findings"]
    assert findings.warnings == len(wanted)
    for each in wanted:
        assert any(found_as(each, one) for one in findings.listed()), each


@pytest.mark.parametrize("sample", BAD, ids=str)
def test_a_bad_sample_is_refused_with_the_expected_codes(sample: Sample) -> None:
    """A bad sample shall be refused with exactly the finding codes that its expectation names."""
    expectation = sample.expectation
    assert codes(judge(sample)) == sorted([*expectation["codes"], *expectation["follow"]])


@pytest.mark.parametrize("sample", BAD, ids=str)
def test_a_bad_sample_is_refused_at_the_expected_places(sample: Sample) -> None:
    """The findings of a bad sample shall name the line, column and rule that its expectation names."""
    listed = judge(sample).listed()
    for wanted in sample.expectation["findings"]:
        assert any(found_as(wanted, one) for one in listed), (wanted, listed)


@pytest.mark.parametrize("definition", ALL, ids=lambda each: each.name)
def test_neighbours_in_a_batch_do_not_touch_each_other(definition: Format) -> None:
    """Good and bad files validated together shall each have the findings they have alone."""
    batch = [each for each in (*GOOD, *BAD) if choose(each) is definition]
    together = read_together(definition, batch)
    for sample, found in zip(batch, together, strict=True):
        if "F210" not in sample.expectation["codes"]:  # what the name says is not read from the file
            assert found.summary() == judge(sample).summary(), sample


@pytest.mark.parametrize("definition", ALL, ids=lambda each: each.name)
def test_every_version_has_good_and_bad_samples(definition: Format) -> None:
    """Each format version shall come with at least two good and two bad samples."""
    assert len([each for each in GOOD if each.definition is definition]) >= 2
    assert len([each for each in BAD if each.definition is definition]) >= 2


@pytest.mark.parametrize("sample", BAD, ids=str)
def test_every_bad_sample_says_why(sample: Sample) -> None:
    """Beside each bad sample shall stand why it is bad, with codes that the catalogue has."""
    expectation = sample.expectation
    assert expectation["why"].endswith(".")
    assert expectation["codes"]
    assert set(expectation["codes"]) <= CODES.keys()
    assert {each["code"] for each in expectation["findings"]} <= set(expectation["codes"])


@pytest.mark.parametrize("sample", [*GOOD, *BAD], ids=str)
def test_names_of_samples_are_those_of_the_format(sample: Sample) -> None:
    """A sample shall have a name of its format, unless its name is what is wrong."""
    matches = match(sample.definition.file_name or ".*", sample.path.name) is not None
    assert matches == ("F210" not in sample.expectation["codes"])


def test_no_expectation_is_left_behind() -> None:
    """Each expectation shall stand beside the sample that it is about."""
    for sidecar in (ROOT / "samples").rglob(f"*{SIDECAR}"):
        assert sidecar.with_name(sidecar.name.removesuffix(SIDECAR)).exists()


def test_the_bad_samples_cover_every_way_a_file_can_be_wrong() -> None:
    """The samples shall show every finding code of file, envelope, fields, rules, XML and JSON once."""
    shown = {code for sample in BAD for code in sample.expectation["codes"]}
    expected = {code for code in CODES if code[:2] in {"F1", "F2", "F3", "F4", "F5", "F6"}}
    elsewhere = {
        "F113", "F115", "F116", "F199",  # limits, disks, senders that go on writing, faults
        "F207", "F209", "F212", "F213",  # what the route needs, accepts and finds beside the file
        "F214", "F220", "F221",  # the day of arrival, and what the route delivers: tests/pipeline
        "F311", "F504", "F604",  # constants stand in discriminators; limits have tests of their own
    }  # fmt: skip
    assert expected - elsewhere - shown == set()

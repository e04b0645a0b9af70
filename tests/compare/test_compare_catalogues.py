"""Two catalogues are compared version by version."""

from __future__ import annotations

from pathlib import Path

import yaml

from gateway.formats.catalogue import Catalogue
from gateway.formats.compare.catalogues import compare_catalogues
from gateway.formats.compare.change import Verdict
from tests.compare.cases import definition_data


def _catalogue(site: Path, versions: dict[str, str]) -> Catalogue:
    """Return a catalogue with these versions of one message type, each with its change of the base."""
    for version, change in versions.items():
        directory = site / "stock" / version
        directory.mkdir(parents=True)
        data = definition_data("delimited", change, version)
        (directory / "format.yaml").write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return Catalogue.load(site)


def test_versions_with_the_same_bytes_are_left_out(tmp_path: Path) -> None:
    """The comparison of two catalogues shall say nothing of versions that are the same in both."""
    one = _catalogue(tmp_path / "a", {"1.0.0": "{}"})
    other = _catalogue(tmp_path / "b", {"1.0.0": "{}"})
    assert compare_catalogues(one, other) == ([], [])


def test_the_same_version_with_other_content_is_compared(tmp_path: Path) -> None:
    """A version that both catalogues have and that differs shall be compared."""
    one = _catalogue(tmp_path / "a", {"1.0.0": "{}"})
    other = _catalogue(tmp_path / "b", {"1.0.0": "title: Other"})
    ((found,), _unread) = compare_catalogues(one, other)
    assert [change.kind for change in found.changes] == ["documentation"]


def test_a_version_more_or_less_is_reported_and_the_newest_are_compared(tmp_path: Path) -> None:
    """A version that one catalogue lacks shall be reported, and the newest versions shall be compared."""
    one = _catalogue(tmp_path / "a", {"1.0.0": "{}"})
    other = _catalogue(tmp_path / "b", {"1.0.0": "{}", "1.1.0": "zero_records: accept"})
    (added, newest), _unread = compare_catalogues(one, other)
    assert [change.kind for change in added.changes] == ["format-added"]
    assert (newest.old, newest.new) == ("stock 1.0.0", "stock 1.1.0")
    (removed, _newest), _unread = compare_catalogues(other, one)
    (change,) = removed.changes
    assert (change.kind, change.old_under_new.verdict) == ("format-removed", Verdict.BREAKING)
    assert change.swapped().kind == "format-added"


def test_a_broken_version_stops_none_of_the_others(tmp_path: Path) -> None:
    """A version that cannot be read shall be named with its problem, and the others be compared."""
    one = _catalogue(tmp_path / "a", {"1.0.0": "{}", "1.1.0": "{}"})
    other = _catalogue(tmp_path / "b", {"1.0.0": "{}", "1.1.0": "title: Other", "1.2.0": "{}"})
    for version in ("1.0.0", "1.2.0"):
        (tmp_path / "b" / "stock" / version / "format.yaml").write_text("kind: none", encoding="utf-8")
    (changed, added), unread = compare_catalogues(one, other)
    assert [change.kind for change in (*changed.changes, *added.changes)] == ["documentation", "format-added"]
    assert [(each.where, each.name) for each in unread] == [("new", "stock 1.0.0"), ("new", "stock 1.2.0")]
    assert any("kind" in line for line in unread[0].problems)

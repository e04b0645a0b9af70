"""Companions when a file is settled: every name is looked at before the first one is given."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from gateway.custody.layout import Layout, report_of
from gateway.custody.manifest import build_manifest, manifest_bytes
from gateway.custody.reopen import fetch_back
from gateway.custody.settle import settle
from gateway.custody.verify import verify_archive
from gateway.errors import NameTaken
from gateway.model import Disposition
from tests.custody.custody_samples import ROUTE, Sample, in_work, new_site, tree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A fresh site."""
    return new_site(tmp_path)


def taken_marker(layout: Layout) -> Sample:
    """Put a file into work whose marker's name another file has in the archive."""
    sample = in_work(layout, 1, done_marker=True)
    marker = sample.item.companions[0].target
    os.makedirs(os.path.dirname(marker))
    with open(marker, "wb") as file:
        file.write(b"of another transfer")
    return sample


def test_a_taken_companion_keeps_the_file_in_work(layout: Layout) -> None:
    """The gateway shall refuse a settlement before anything moves where a companion's name is taken."""
    sample = taken_marker(layout)
    before = tree(layout.site)
    assert [type(error) for error in settle([sample.item])] == [NameTaken]
    assert tree(layout.site) == before


def test_a_file_that_was_moved_before_its_companion_comes_back(layout: Layout) -> None:
    """The gateway shall bring a file back into work that a try left at its target without a manifest."""
    sample = taken_marker(layout)
    os.rename(sample.item.working, sample.target)
    assert fetch_back(sample.item, [sample.target])
    assert os.path.exists(sample.item.working)
    assert not sample.target.exists()


@pytest.mark.parametrize("reason", ["manifest", "bytes", "companion"])
def test_what_is_not_surely_the_file_stays(layout: Layout, reason: str) -> None:
    """The gateway shall bring nothing back that has a manifest, other bytes, or lacks its companions."""
    sample = taken_marker(layout)
    os.rename(sample.item.working, sample.target)
    if reason == "manifest":
        (sample.target.parent / f"{sample.target.name}.manifest.json").write_bytes(sample.item.manifest)
    elif reason == "bytes":
        sample.target.write_bytes(b"other bytes")
    else:
        os.unlink(sample.item.companions[0].working)
    before = tree(layout.site)
    assert not fetch_back(sample.item, [sample.target])
    assert tree(layout.site) == before


def with_report(layout: Layout) -> Sample:
    """Settle a failed file with a marker and a report that its manifest names."""
    report = "Row 1: Größe \udcff\n"
    sample = in_work(layout, 1, disposition=Disposition.FAILED, done_marker=True, report=report)
    manifest = build_manifest(sample.transfer, [], [], site="plant", time_zone="UTC", report=report)
    assert settle([replace(sample.item, manifest=manifest_bytes(manifest))]) == [None]
    return sample


def test_the_manifest_states_the_digest_of_the_report(layout: Layout) -> None:
    """The gateway shall state in the manifest the digest that the report beside it has."""
    sample = with_report(layout)
    told = build_manifest(sample.transfer, [], [], site="s", time_zone="UTC", report=sample.item.report)
    written = report_of(sample.target)
    digest = hashlib.sha256(written.read_bytes()).hexdigest()
    assert told["report"] == {"archived_as": written.name, "sha256": digest}
    assert verify_archive(layout).is_clean


@pytest.mark.parametrize("suffix", [".report.txt", ".done"])
def test_altered_side_files_are_found(layout: Layout, suffix: str) -> None:
    """The gateway shall find a report or companion in ``failed`` that was altered or taken away."""
    sample = with_report(layout)
    path = sample.target.parent / f"{sample.target.name}{suffix}"
    path.write_bytes(b"all fine")
    place = f"failed/{ROUTE}/{path.name}"
    assert [one.path for one in verify_archive(layout).altered] == [place]
    path.unlink()
    assert [one.path for one in verify_archive(layout).missing] == [place]

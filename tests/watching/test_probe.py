"""Whether events work is tried, and said in words."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from gateway.watching import probe
from gateway.watching.probing import file_system, type_of

_MOUNTS = r"""
22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:27 / /srv rw - nfs4 plant:/exports rw
31 30 254:0 / /srv/local rw - xfs /dev/vdb rw
32 22 0:30 / /mnt/erp\040share rw shared:7 master:1 - cifs //erp/share rw
33 22 0:31 / /over rw - ext4 /dev/vdc rw
34 33 0:32 / /over rw - fuse.sshfs erp: rw
damaged
35 22
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/home/x", "ext4"),
        ("/srv", "nfs4"),
        ("/srv/in/x", "nfs4"),
        ("/srv/local/in", "xfs"),
        ("/srvice", "ext4"),
        ("/mnt/erp share/in", "cifs"),
        ("/over/x", "fuse.sshfs"),
    ],
)
def test_the_file_system_of_a_folder_is_known(path: str, kind: str) -> None:
    """The mount that is nearest above a folder, and the last one there, shall say its type."""
    assert type_of(path, _MOUNTS) == kind


def test_a_machine_without_a_table_of_mounts_is_no_error() -> None:
    """Where nothing is known of mounts, the type shall be unknown."""
    assert type_of("/x", "") == ""


def test_events_that_work_are_found_to_work(tmp_path: Path) -> None:
    """A local folder shall be found to work, and nothing be left in it, nor any thread."""
    threads = threading.active_count()
    found = probe(tmp_path)
    assert found.works
    assert found.why.startswith(f"events work ({file_system(tmp_path)}")
    assert os.listdir(tmp_path) == []
    assert threading.active_count() == threads


def test_what_a_crash_left_is_removed_by_the_next_probe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A probe's file that a killed gateway left shall be used again, and then removed."""
    names: list[str] = []
    real = os.unlink
    monkeypatch.setattr(os, "unlink", lambda path: names.append(str(path)))
    assert probe(tmp_path).works
    monkeypatch.setattr(os, "unlink", real)
    assert [Path(one).name for one in names] == os.listdir(tmp_path)
    assert probe(tmp_path).works
    assert os.listdir(tmp_path) == []


def test_a_folder_without_events_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no event comes, as on many shares, the probe shall say so after its time."""
    monkeypatch.setattr("gateway.watching.watch._EVENTS", [])
    found = probe(tmp_path, 0.1)
    assert (found.works, found.why) == (False, "no event came within 0.1 s")


def test_a_network_share_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a share, where one's own files give events and those of others give none, no event is counted on."""
    monkeypatch.setattr("gateway.watching.probing.file_system", lambda _folder: "nfs4")
    found = probe(tmp_path)
    assert not found.works
    assert found.why == "it is on a network share (nfs4): what others put there gives no event"


def test_a_folder_that_cannot_be_written_is_not_tried(tmp_path: Path) -> None:
    """A missing folder shall be named; one that takes no file keeps its events as hints."""
    assert probe(tmp_path / "missing").why == "it cannot be watched: it is not there"
    found = probe(Path("/proc"))
    assert found.works
    assert "cannot be probed" in found.why

"""Things in an inbox that are no files, and files that may not be read."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.ledger import arrivals
from gateway.model import Arrival, State
from tests.hostile.hostile_kit import command, needs_root, process
from tests.pipeline.plant import ROUTE, Plant, name_of


def waiting(plant: Plant) -> dict[str, Arrival]:
    """Return what waits in the inbox, by name."""
    with plant.opened() as context, context.ledger.read() as connection:
        return {one.name: one for one in arrivals.waiting(connection, "confirmations")}


@pytest.fixture
def crowded(plant: Plant) -> Iterator[Plant]:
    """Return a plant whose inbox holds one good file and everything that is none."""
    inbox, outside = plant.inbox(), plant.directory.parent / "outside.csv"
    (inbox / "directory.csv").mkdir()
    (inbox / "directory.csv" / name_of(9)).write_bytes(b"not looked at")
    os.mkfifo(inbox / "fifo.csv")
    plant.drop_confirmation(7).rename(outside)
    for name, target in {
        "dangling.csv": "/nonexistent",
        "secret.csv": "/etc/passwd",
        "outside.csv": str(outside),
        "folder.csv": "/etc",
        "neighbour.csv": name_of(1),
        "itself.csv": "itself.csv",
    }.items():
        (inbox / name).symlink_to(target)
    plant.drop_confirmation(1)
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(inbox)  # the path of a socket may be 107 bytes long
        listener.bind("socket.csv")
        os.chdir(here)
        yield plant


def test_what_is_no_file_is_never_touched_and_always_visible(crowded: Plant) -> None:
    """Directories, FIFOs, sockets and links shall stay where they are, with F901, while files go on."""
    for _ in range(2):
        done = command(crowded, "run", "--once")
        assert done.status != 0
        assert "F901" in done.err
    assert crowded.delivered() == [name_of(1)]
    seen = waiting(crowded)
    assert {one.reason_code for one in seen.values()} == {"F901"}
    assert {one.reason.rpartition(" ")[2] for one in seen.values()} == {
        "directory",
        "fifo",
        "socket",
        "symlink",
    }
    assert sorted(seen) == sorted(path.name for path in crowded.inbox().iterdir())
    assert (crowded.directory.parent / "outside.csv").exists()
    listed = command(crowded, "status", "--json").data["waiting"]
    assert {(one["name"], one["code"]) for one in listed} == {(name, "F901") for name in seen}
    crowded.demand_proof()


@needs_root
def test_devices_are_never_opened(plant: Plant) -> None:
    """Character and block devices shall be refused by their kind, unopened."""
    try:
        os.mknod(plant.inbox() / "null.csv", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        os.mknod(plant.inbox() / "zero.csv", stat.S_IFCHR | 0o666, os.makedev(1, 5))
        os.mknod(plant.inbox() / "disk.csv", stat.S_IFBLK | 0o666, os.makedev(7, 200))
    except PermissionError as error:
        pytest.skip(f"no device can be made here: {error}")
    plant.drop_confirmation(1)
    plant.run()
    assert {one.reason for one in waiting(plant).values()} == {"The entry is not a regular file but a device"}
    assert plant.delivered() == [name_of(1)]


@pytest.mark.parametrize("require", ["checksum", "control-file", "done-marker"])
@pytest.mark.parametrize("kind", ["symlink", "fifo", "directory"])
def test_a_side_file_that_is_no_file_proves_nothing(tmp_path: Path, require: str, kind: str) -> None:
    """A link, FIFO or directory in place of a marker, checksum or control file shall not admit its file."""
    plant = Plant.build(tmp_path / "site", ROUTE.replace("require: [none]", f"require: [{require}]"))
    plant.drop_confirmation(1)
    suffix = {
        "checksum": f"{name_of(1)}.sha256",
        "control-file": "x.ctl",
        "done-marker": f"{name_of(1)}.done",
    }
    beside = plant.inbox() / suffix[require]
    if kind == "symlink":
        beside.symlink_to("/etc/passwd")
    elif kind == "fifo":
        os.mkfifo(beside)
    else:
        beside.mkdir()
    plant.run()
    assert plant.transfers() == []
    assert {name: one.reason_code for name, one in waiting(plant).items()} == {
        name_of(1): "F903",
        beside.name: "F901",
    }


def test_an_inbox_of_entries_that_come_and_go_stops_nothing(plant: Plant) -> None:
    """An entry that is refused now and replaced by a file later shall be taken then."""
    link = plant.inbox() / name_of(1)
    link.symlink_to("/etc/passwd")
    plant.run()
    assert plant.transfers() == []
    link.unlink()
    plant.drop_confirmation(1)
    plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED}
    assert waiting(plant) == {}


def test_a_file_that_may_not_be_read_waits_with_f902(plant: Plant) -> None:
    """A file without read permission shall stay with F902 until it may be read; the others go on."""
    plant.drop_confirmation(1)
    plant.drop_confirmation(2).chmod(0)
    if os.geteuid() != 0:
        plant.run()
    else:
        _run_as_nobody(plant)
    assert waiting(plant)[name_of(2)].reason_code == "F902"
    assert plant.delivered() == [name_of(1)]
    (plant.inbox() / name_of(2)).chmod(0o644)
    plant.run()
    assert plant.delivered() == [name_of(1), name_of(2)]
    plant.demand_proof()


def _run_as_nobody(plant: Plant) -> None:
    """Run a pass as an account that may not read everything; skip where it cannot even start."""
    if shutil.which("setpriv") is None:
        pytest.skip("root may read everything, and there is no setpriv to be somebody else")
    for path in (plant.directory, *plant.directory.rglob("*")):
        os.chown(path, 65534, 65534, follow_symlinks=False)
    reachable = plant.directory.parent
    while reachable != reachable.parent:
        if reachable.stat().st_mode & 0o5 != 0o5:
            reachable.chmod(0o755)  # pytest keeps its directories to the account that runs it
        reachable = reachable.parent
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    done = subprocess.run([*become, *process(plant, "run", "--once")], capture_output=True, text=True)
    if "F902" not in done.stderr:
        pytest.skip(f"the gateway cannot be run as another account here: {done.stderr.strip()[-200:]}")
    assert done.stderr.count("! ") == 1, done.stderr  # F902 and nothing else

"""What the doctor finds on servers: good ones, stopped ones, strange ones, and ones that only give."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doctor.surgery import Patient, remote_site, site, words
from tests.sftp.openssh import OpenSsh
from tests.sftp.script import DENIED, PLAIN, WINDOWS, Act
from tests.sftp.scripted import Scripted


@pytest.fixture(scope="module")
def own() -> Iterator[OpenSsh]:
    """Serve with a server that a test may stop or give other keys."""
    with OpenSsh() as server:
        yield server


@pytest.fixture
def patient(openssh: OpenSsh, served: Path, tmp_path: Path) -> Patient:
    """Return a site with routes over a good server."""
    return remote_site(tmp_path / "site", openssh, served)


def leftovers(place: Path) -> list[Path]:
    return [path for path in place.rglob("*") if path.name.startswith(".gateway-probe-")]


def test_a_good_server_is_told_of_in_full_and_left_as_it_was(patient: Patient, served: Path) -> None:
    """Of a good server the doctor shall tell way, algorithms, offers, clock, renames; nothing shall stay."""
    (served / "source" / "a").write_text("x")
    checks = patient.asked("--server", "erp", status=0)
    said = words(checks)
    for expected in (
        "shows a trusted key, and lets",
        "algorithms ",
        "OpenSSH",
        "fsync@openssh.com",
        "1 entries, listed in",
        "files can be moved to",
        "its clock agrees with this machine's",
        "files can be written, are durable, and get their names by a rename",
        "its plain rename takes no existing name",
        "posix-rename works",
        "GiB are free there",
    ):
        assert expected in said
    assert {one["topic"] for one in checks} == {"servers"}
    assert {one["verdict"] for one in checks} == {"ok"}
    assert sorted(path.name for path in served.rglob("*")) == ["a", "done", "source", "target"]


def test_without_writes_no_server_is_asked_to_change_anything(tmp_path: Path) -> None:
    """With --no-writes the doctor shall ask for no file, and say what it did therefore not try."""
    with Scripted(tmp_path / "served") as server:
        server.root.mkdir()
        patient = remote_site(tmp_path / "site", server, server.root)
        said = words(patient.asked("--server", "erp", "--no-writes", status=0))
        changes = {name for name, _path in server.requests} - {"lstat", "stat", "realpath", "opendir"}
        assert not changes & {"write", "rename", "posix-rename", "mkdir", "setstat"}
        assert not any(path.endswith("-1") for path in server.asked("open"))
    assert "was not tried (--no-writes)" in said


def test_a_stopped_server_says_who_waits(own: OpenSsh, tmp_path: Path) -> None:
    """A server that is down shall be a failure that names the routes that wait, and what to look at."""
    place = own.root / "stopped"
    place.mkdir()
    patient = remote_site(tmp_path / "site", own, place)
    own.stop()
    try:
        failures = words(patient.asked(status=65), "failure")
    finally:
        own.start()
    assert "Connection refused" in failures
    assert "Files of confirmations, orders wait" in failures
    assert "ask the partner whether it is stopped" in failures


def test_a_changed_host_key_is_a_failure_with_both_keys(own: OpenSsh, tmp_path: Path) -> None:
    """Another host key than the trusted one shall be a failure that shows both, and no login be tried."""
    place = own.root / "changed"
    place.mkdir()
    before = own.host_fingerprints[0]
    patient = remote_site(tmp_path / "site", own, place)
    own.rotate_host_key()
    failures = words(patient.asked("--server", "erp", status=65), "failure")
    assert before in failures
    assert own.host_fingerprints[0] in failures
    assert "Ask the partner on another way" in failures


def test_a_server_that_only_gives_cannot_be_used_to_move_or_deliver(tmp_path: Path) -> None:
    """On a read-only server the doctor shall say that files cannot be moved away nor delivered."""
    with OpenSsh(read_only=True) as server:
        patient = remote_site(tmp_path / "site", server, server.root)
        for arguments in ((), ("--no-writes",)):
            failures = words(patient.asked("--server", "erp", *arguments, status=65), "failure")
            assert "Files that were taken cannot be moved away" in failures
            assert "Files of confirmations are not delivered there" in failures
            assert "acknowledge: leave" in failures
        text = (patient.directory / "config" / "gateway.yaml").read_text()
        text = text.replace("acknowledge: move", "acknowledge: leave").replace(", move_to:", " } #")
        (patient.directory / "config" / "gateway.yaml").write_text(text)
        checks = patient.asked("--server", "erp", status=65)
        assert "no right to change anything is needed" in words(checks)
        assert "orders" not in words(checks, "failure")


def test_directories_that_are_not_there_are_named(patient: Patient, served: Path) -> None:
    """Missing remote directories shall each be a failure with the setting that names it."""
    for name in ("done", "target"):
        (served / name).rmdir()
    failures = words(patient.asked("--server", "erp", status=65), "failure")
    assert f"move_to ({served / 'done'}) is not there" in failures
    assert "correct `path` of the destination erp" in failures
    (served / "source").rmdir()
    failures = words(patient.asked("--server", "erp", status=65), "failure")
    assert "Files of orders stay at the partner" in failures


def test_a_source_that_deletes_is_tried_by_deleting(tmp_path: Path) -> None:
    """Where taken files are deleted, the doctor shall delete a file of its own, and say what refuses it."""
    with Scripted(tmp_path) as server:
        patient = remote_site(tmp_path / "site", server, tmp_path)
        file = patient.directory / "config" / "gateway.yaml"
        file.write_text(file.read_text().replace("move, move_to: /done", "delete"))
        assert "files can be removed" in words(patient.asked("--server", "erp", status=0))
        server.on("remove", Act.REFUSE, path="source/.gateway-probe-", nth=2, status=DENIED)
        failures = words(patient.asked("--server", "erp", status=65), "failure")
    assert "Files that were taken cannot be removed" in failures
    assert not leftovers(tmp_path)


def test_a_clock_that_is_off_is_told_with_its_size(tmp_path: Path) -> None:
    """A server whose clock is off shall be a warning that says how far, and in which direction."""
    with Scripted(tmp_path) as server:
        patient = remote_site(tmp_path / "site", server, tmp_path)
        ahead = int(time.time()) + 2 * 3600 + 600
        server.on("lstat", Act.LIE, mtime=ahead, path="target/.gateway-probe-", lasting=True)
        warnings = words(patient.asked("--server", "erp", status=0), "warning")
    assert "its clock is 2.2 h ahead of this machine's" in warnings
    assert not leftovers(tmp_path)


@pytest.mark.parametrize("manner", [PLAIN, WINDOWS], ids=["plain", "windows"])
def test_a_server_without_extensions_is_no_failure(tmp_path: Path, manner: object) -> None:
    """A server with the bare protocol shall be well, and what cannot be known of it be said."""
    chosen = WINDOWS if manner is WINDOWS else PLAIN
    with Scripted(tmp_path / "served", chosen) as server:
        server.root.mkdir()
        patient = remote_site(tmp_path / "site", server, server.root)
        said = words(patient.asked("--server", "erp", status=0))
    assert "it does not say how much room there is" in said
    assert "not known to be durable (no fsync)" in said
    assert ("it states no times" in said) is (manner is WINDOWS)
    assert not leftovers(tmp_path)


def test_a_rename_that_takes_names_is_found_out(tmp_path: Path) -> None:
    """A server whose plain rename replaces shall be a warning that says what can be lost."""
    with Scripted(tmp_path) as server:
        patient = remote_site(tmp_path / "site", server, tmp_path)
        # its plain rename acts as that of a server on Unix does: what has the name is gone

        def make_room() -> None:
            for path in (tmp_path / "target").glob(".gateway-probe-*-2"):
                path.unlink()

        server.on("rename", Act.TELL, path="target/.gateway-probe-", then=make_room, nth=2)
        warnings = words(patient.asked("--server", "erp", status=0), "warning")
    assert "its plain rename takes the place of an existing file" in warnings
    assert not leftovers(tmp_path)


def test_probe_files_are_removed_over_a_second_connection(tmp_path: Path) -> None:
    """Where the connection breaks in the middle, probe files shall be removed all the same."""
    with Scripted(tmp_path) as server:
        patient = remote_site(tmp_path / "site", server, tmp_path)
        server.on("rename", Act.CUT_AFTER, path="target")
        failures = words(patient.asked("--server", "erp", status=65), "failure")
        assert "closed the connection" in failures or "broke" in failures
    assert not leftovers(tmp_path)


def test_a_probe_file_that_cannot_be_removed_is_named(tmp_path: Path) -> None:
    """Where a server keeps what was written, the doctor shall name what is left behind."""
    with Scripted(tmp_path) as server:
        patient = remote_site(tmp_path / "site", server, tmp_path)
        server.on("remove", Act.REFUSE, path="target", status=DENIED, lasting=True)
        warnings = words(patient.asked("--server", "erp"), "warning")
    left = leftovers(tmp_path)
    assert left
    assert all(path.name in warnings for path in left)
    for path in left:
        path.unlink()


def test_one_server_that_hangs_keeps_nobody_waiting_for_the_others(tmp_path: Path, openssh: OpenSsh) -> None:
    """A server that says nothing shall be a failure after its time, and the other one be told of in full."""
    (tmp_path / "served").mkdir()
    with Scripted(tmp_path / "served") as server:
        slow = server.yaml("slow", reply_timeout="1s")
        text = slow + openssh.yaml("good").partition("\n")[2]
        text += (
            "routes:\n  orders:\n    partner: E\n    message_type: order\n"
            "    source: {type: sftp, server: slow, path: /, acknowledge: leave}\n"
            "    completeness: {require: [none]}\n    destinations: {mes: {path: outbox/mes}}\n"
        )
        patient = site(tmp_path / "site", text)
        server.on("opendir", Act.STALL_BEFORE)
        checks = patient.asked("--server", "slow", "--server", "good", status=65)
    assert {one["what"] for one in checks if one["verdict"] == "failure"} == {"slow"}
    assert "Files of orders wait" in words(checks, "failure")
    assert "good, 127.0.0.1" in words(checks)


def test_a_refused_login_is_told_apart(tmp_path: Path) -> None:
    """A login that is refused shall be told apart from a server that does not answer."""
    with Scripted(tmp_path) as server:
        patient = remote_site(tmp_path / "site", server, tmp_path, user="somebody")
        checks = patient.asked("--server", "erp", status=65)
    assert "it shows a trusted key" in words(checks)
    assert "does not let 'somebody' in" in words(checks, "failure")


def test_an_unknown_server_is_refused(patient: Patient) -> None:
    """A name that no server has shall be refused with those that there are."""
    from tests.cli.plant import call

    result = call("--site", str(patient.directory), "doctor", "--server", "nobody")
    assert result.exit_code == 2
    assert "Servers of the site: erp" in result.stderr
    assert os.path.isdir(patient.directory)

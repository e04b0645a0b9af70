"""Taking files from SFTP servers, in whole passes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.model import State
from gateway.operations.overview import overview
from tests.pipeline.plant import confirmation
from tests.sftp.openssh import OpenSsh
from tests.sftp.script import Act, Manner
from tests.sftp.scripted import Scripted
from tests.sources.pull import Pull, names, problems


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Scripted]:
    """Serve a directory of this test."""
    (tmp_path / "served").mkdir()
    with Scripted(tmp_path / "served") as server:
        yield server


@pytest.fixture
def pull(tmp_path: Path, server: Scripted) -> Pull:
    """Return a plant that moves what it takes."""
    return Pull.build(tmp_path / "site", server)


@pytest.mark.parametrize(
    "acknowledge",
    ["move", pytest.param("delete", marks=pytest.mark.slow), pytest.param("leave", marks=pytest.mark.slow)],
)
def test_files_of_a_real_server_are_processed_and_acknowledged(
    tmp_path: Path, openssh: OpenSsh, served: Path, acknowledge: str
) -> None:
    """The gateway shall process each file of an OpenSSH server once, and acknowledge it as configured."""
    pull = Pull.build(tmp_path / "site", openssh, acknowledge, below=served)
    sent = [pull.send(number) for number in (1, 2, 3)]
    assert problems(pull.run(2)) == ""
    assert pull.plant.states() == dict.fromkeys(sent, State.PROCESSED)
    assert len(pull.plant.transfers()) == 3
    assert names(pull.out) == (sent if acknowledge == "leave" else [])
    assert names(pull.taken) == (sent if acknowledge == "move" else [])
    assert pull.remembered() == (dict.fromkeys(sent, "left") if acknowledge == "leave" else {})
    assert [one["how"] for one in pull.acknowledged(sent[0])] == [acknowledge]
    assert pull.plant.transfer(sent[0]).source == f"sftp://erp{served}/out/{sent[0]}"
    pull.plant.demand_proof()


def test_what_belongs_to_a_file_comes_along_and_is_acknowledged_too(tmp_path: Path, server: Scripted) -> None:
    """The gateway shall take done markers and checksum files with their file, and acknowledge all three."""
    pull = Pull.build(tmp_path / "site", server, "delete", "{require: [checksum, done-marker]}")
    name = pull.send(1)
    pull.put(f"{name}.sha256", f"{hashlib.sha256(confirmation(1)).hexdigest()}  {name}\n".encode())
    pull.put(f"{name}.done", b"")
    pull.run()
    assert pull.plant.states() == {name: State.PROCESSED}
    assert names(pull.out) == []
    assert len(pull.plant.transfer(name).companions) == 2
    assert [len(one["files"]) for one in pull.acknowledged(name)] == [3]
    # read once to judge it, and not again to claim it; each time there is a look behind its end
    assert server.asked("read").count(f"/out/{name}") <= 3
    pull.plant.demand_proof()


def test_a_file_that_does_not_have_its_checksum_waits(tmp_path: Path, server: Scripted) -> None:
    """The gateway shall leave a file at its source while its checksum file contradicts it, then take it."""
    pull = Pull.build(tmp_path / "site", server, "move", "{require: [checksum]}")
    whole = confirmation(1)
    name = pull.send(1, whole[:100])
    pull.put(f"{name}.sha256", f"{hashlib.sha256(whole).hexdigest()}  {name}\n".encode())
    pull.run(2, seconds=20)
    assert pull.plant.states() == {}
    assert len(pull.spooled()) == 1
    pull.send(1, whole, age=1)
    pull.run(2, seconds=20)
    assert pull.plant.states() == {name: State.PROCESSED}
    assert pull.spooled() == []
    assert names(pull.taken) == [name, f"{name}.sha256"]


def test_many_files_that_must_be_hashed_are_fetched_within_bounds(
    tmp_path: Path, server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway shall fetch no more files ahead than a few batches, and still take all in one pass."""
    monkeypatch.setattr("gateway.stages.looking._AHEAD", 0)
    pull = Pull.build(tmp_path / "site", server, "move", "{require: [checksum]}")
    sent = [pull.send(number) for number in (1, 2)]
    for number, name in enumerate(sent, 1):
        pull.put(f"{name}.sha256", f"{hashlib.sha256(confirmation(number)).hexdigest()}  {name}\n".encode())
    pull.run()
    assert pull.plant.states() == dict.fromkeys(sent, State.PROCESSED)


def test_stability_counts_looks_at_the_server(tmp_path: Path, server: Scripted) -> None:
    """The gateway shall take a file once its size and time have stayed as they are, by its own clock."""
    pull = Pull.build(tmp_path / "site", server, "move", "{require: [stability], looks: 2, quiet: 10s}")
    name = pull.send(1, confirmation(1)[:50])
    pull.run(1, seconds=20)
    pull.send(1)
    pull.run(1, seconds=20)
    assert pull.plant.states() == {}
    pull.run(1, seconds=20)
    assert pull.plant.states() == {name: State.PROCESSED}


def test_a_server_that_refuses_every_change_has_its_files_taken_once(tmp_path: Path) -> None:
    """The gateway shall process files of a read-only server once, and say how to live with it."""
    (tmp_path / "served").mkdir()
    with Scripted(tmp_path / "served", Manner(read_only=True)) as server:
        pull = Pull.build(tmp_path / "site", server)
        sent = [pull.send(number) for number in (1, 2)]
        told = problems(pull.run())
        assert "cannot be acknowledged" in told
        assert "acknowledge: leave" in told
        assert told.count("remote-denied") <= 2  # one problem, with what the server said
        with pull.plant.opened() as context:
            (owed,) = overview(context)["owed"]
        assert (owed["route"], owed["count"]) == ("confirmations", 2)
        assert "remote-denied" in owed["last_error"]
        server.requests.clear()
        assert problems(pull.run()) == ""  # it is not tried at every pass
        assert server.asked("rename") == []
        pull.plant.clock.advance(hours=2)
        assert "cannot be acknowledged" in problems(pull.run())
        pull.plant.configure(pull.routes(server, "leave", "{require: [none]}"))
        pull.plant.clock.advance(hours=2)
        assert problems(pull.run()) == ""
    assert pull.remembered() == dict.fromkeys(sent, "left")
    assert [row.state for row in pull.plant.transfers()] == [State.PROCESSED] * 2


def test_a_name_that_comes_again_with_another_content_is_a_new_file(tmp_path: Path, server: Scripted) -> None:
    """The gateway shall take a file that is left once, and a new content under its name as a new file."""
    pull = Pull.build(tmp_path / "site", server, "leave")
    name = pull.send(1, b"first")
    pull.run(2)
    pull.send(1, b"second", age=5)
    pull.run(2)
    assert [row.name for row in pull.plant.transfers()] == [name, name]
    pull.out.joinpath(name).unlink()
    pull.run()
    assert pull.remembered() == {name: "left"}  # a directory that is empty for a while shall cost nothing
    pull.plant.clock.advance(days=8)
    pull.run()
    assert pull.remembered() == {}


def test_a_taken_name_is_never_overwritten(pull: Pull) -> None:
    """The gateway shall give a taken file a name of its own where another one has its name."""
    name = pull.send(1)
    (pull.taken / name).write_bytes(b"an older one")
    pull.run()
    own = f"{name}.{pull.plant.transfer(name).id}"
    assert names(pull.taken) == [name, own]
    assert (pull.taken / name).read_bytes() == b"an older one"
    assert (pull.taken / own).read_bytes() == confirmation(1)
    assert pull.acknowledged(name)[0]["files"][0]["stands"].endswith(own)


def test_a_missing_directory_for_taken_files_is_named_and_stops_nothing(pull: Pull) -> None:
    """The gateway shall process files although they cannot be moved, and say which directory is missing."""
    pull.taken.rmdir()
    name = pull.send(1)
    told = problems(pull.run())
    assert "directory for taken files is not on the server" in told
    assert str(pull.taken.name) in told
    assert pull.plant.states() == {name: State.PROCESSED}
    pull.taken.mkdir()
    pull.plant.clock.advance(hours=2)
    assert problems(pull.run()) == ""
    assert names(pull.taken) == [name]
    assert pull.remembered() == {}


def test_files_cannot_be_moved_to_where_they_are_taken_from(
    tmp_path: Path, openssh: OpenSsh, served: Path
) -> None:
    """The gateway shall not move files into the source itself, from where they would come again for ever."""
    (served / "out").mkdir()
    (served / "taken").symlink_to("out")
    pull = Pull.build(tmp_path / "site", openssh, below=served)
    name = pull.send(1)
    assert "would stay in their source" in problems(pull.run())
    pull.run(2, hours=2)
    assert [row.name for row in pull.plant.transfers()] == [name]


def test_the_directory_for_taken_files_may_lie_in_the_source(tmp_path: Path, server: Scripted) -> None:
    """The gateway shall not complain about its own directory for taken files inside the source."""
    (server.root / "out" / "done").mkdir(parents=True)
    pull = Pull.build(tmp_path / "site", server)
    text = pull.routes(server, "move", "{require: [none]}").replace("/taken", "/out/done")
    pull.plant.configure(text)
    name = pull.send(1)
    assert problems(pull.run()) == ""
    assert names(pull.out / "done") == [name]


def test_a_broken_fetch_goes_on_where_it_was(pull: Pull, server: Scripted) -> None:
    """The gateway shall go on with a large file where the connection broke."""
    big = confirmation(1) + b" " * 1_200_000
    name = pull.send(1, big)
    server.on("read", Act.CUT_BEFORE, nth=4, path=name)
    assert "server-unreachable" in problems(pull.run())
    (part,) = pull.spooled()
    held = (pull.plant.directory / "working" / "confirmations" / part).stat().st_size
    assert 0 < held < len(big)
    server.requests.clear()
    pull.plant.clock.advance(minutes=1)
    pull.run()
    (row,) = pull.plant.transfers()
    assert (row.state, row.sha256) == (State.FAILED, hashlib.sha256(big).hexdigest())
    assert len(server.asked("read")) < len(big) / 261120  # less than the whole
    assert pull.spooled() == []


def test_parts_from_before_a_boot_are_of_no_use(pull: Pull, server: Scripted) -> None:
    """The gateway shall not go on with bytes that a power loss may have damaged."""
    big = confirmation(1) + b" " * 1_200_000
    name = pull.send(1, big)
    server.on("read", Act.CUT_BEFORE, nth=4, path=name)
    pull.run()
    (part,) = pull.spooled()
    path = pull.plant.directory / "working" / "confirmations" / part
    path.write_bytes(bytes(path.stat().st_size))
    pull.plant.clock.boot = "boot-2"
    pull.plant.clock.advance(minutes=1)
    pull.run()
    (row,) = pull.plant.transfers()
    assert row.sha256 == hashlib.sha256(big).hexdigest()
    assert pull.spooled() == []


def test_a_part_of_a_file_that_changed_is_thrown_away(pull: Pull, server: Scripted) -> None:
    """The gateway shall never put the beginning of one file before the end of another."""
    name = pull.send(1, confirmation(1) + b" " * 1_200_000)
    server.on("read", Act.CUT_BEFORE, nth=4, path=name)
    pull.run()
    pull.send(1, age=3)
    pull.run(2, minutes=1)
    assert [row.state for row in pull.plant.transfers()] == [State.WITHDRAWN, State.PROCESSED]
    assert pull.spooled() == []


def test_a_server_that_is_away_is_said_once_and_stops_no_work(pull: Pull, server: Scripted) -> None:
    """The gateway shall report a server that is away once a pass, and take everything when it is back."""
    sent = [pull.send(number) for number in (1, 2, 3)]
    server.on("open", Act.CUT_BEFORE, nth=3)
    reports = pull.run()
    assert len([one for report in reports for one in report.problems]) == 1, problems(reports)
    server.stop()
    pull.plant.clock.advance(minutes=1)
    reports = pull.run()
    assert len([one for report in reports for one in report.problems]) == 1, problems(reports)
    server.revive()
    pull.run(3, hours=1)
    assert pull.plant.states().keys() == set(sent)
    assert names(pull.taken) == sent


def test_names_of_any_bytes_come_through(pull: Pull) -> None:
    """The gateway shall take files whose names are not UTF-8, hold spaces, or look like options."""
    sent = [os.fsdecode(name) for name in (b"\xff\xfe.csv", b"a b.csv", b"-rf.csv", "ü\u202e.csv".encode())]
    for number, name in enumerate(sent, 1):
        pull.put(name, confirmation(number))
    assert problems(pull.run()) == ""
    digests = {name: hashlib.sha256(confirmation(number)).hexdigest() for number, name in enumerate(sent, 1)}
    assert {row.name: row.sha256 for row in pull.plant.transfers()} == digests
    assert names(pull.taken) == sorted(sent)
    pull.plant.demand_proof()


def test_files_of_a_server_that_is_configured_no_more_wait_for_it(pull: Pull, server: Scripted) -> None:
    """The gateway shall keep what it was about to take when its server is configured no more, and say so."""
    name = pull.send(1)
    server.on("open", Act.CUT_BEFORE, lasting=True)
    pull.run()
    server.calm()
    text = pull.routes(server, "move", "{require: [none]}").replace("erp, path", "other, path")
    pull.plant.configure(text.replace("  erp:\n    host", "  other:\n    host"))
    pull.plant.clock.advance(hours=1)
    assert "no server 'erp'" in problems(pull.run())
    pull.plant.configure(pull.routes(server, "move", "{require: [none]}"))
    pull.run(2, hours=1)
    assert State.PROCESSED in [row.state for row in pull.plant.transfers() if row.name == name]


def test_a_file_without_bytes_is_taken(pull: Pull) -> None:
    """The gateway shall take a file without bytes and judge it as the route says."""
    name = pull.send(1, b"")
    pull.run()
    assert pull.plant.states() == {name: State.FAILED}
    assert names(pull.taken) == [name]


def test_a_file_larger_than_the_room_stays_where_it_is(pull: Pull, server: Scripted) -> None:
    """The gateway shall fetch nothing for which there is no room, and leave the file at its source."""
    name = pull.send(1)
    with (pull.out / name).open("r+b") as file:
        file.truncate(2**43)  # no byte of it is on the disk
    assert "[disk-full]" in problems(pull.run())
    assert server.asked("open") == []
    assert names(pull.out) == [name]
    assert pull.plant.states() == {}


def test_a_server_that_contradicts_itself_is_told_of(pull: Pull, server: Scripted) -> None:
    """The gateway shall say so where a file is never taken because its server states now this, now that."""
    name = pull.send(1)
    server.on("fstat", Act.LIE, mtime=12345, lasting=True)
    assert problems(pull.run(2)) == ""
    told = problems(pull.run())
    assert "3 times now" in told
    assert "its time was 12345" in told
    assert names(pull.out) == [name]


def test_a_server_that_knows_no_sizes_loses_nothing(tmp_path: Path, server: Scripted) -> None:
    """The gateway shall never delete a file that it has not read because its size is said to be 0."""
    pull = Pull.build(tmp_path / "site", server, "delete")
    name = pull.send(1)
    for operation in ("readdir", "lstat", "fstat"):
        server.on(operation, Act.LIE, size=0, lasting=True)
    assert "it goes on after the 0 bytes" in problems(pull.run(3))
    assert (pull.out / name).read_bytes() == confirmation(1)


def test_a_time_that_only_some_replies_state_hinders_nothing(pull: Pull, server: Scripted) -> None:
    """The gateway shall take files once, and move them, where lists state no times and open files do."""
    name = pull.send(1)
    server.on("readdir", Act.LIE, mtime=0, lasting=True)
    assert problems(pull.run(2)) == ""
    assert [row.state for row in pull.plant.transfers()] == [State.PROCESSED]
    assert names(pull.taken) == [name]


def test_one_name_that_the_server_refuses_keeps_no_other_waiting(pull: Pull, server: Scripted) -> None:
    """The gateway shall acknowledge the other files where the server will not look at one of the names."""
    sent = [pull.send(number, b"%d" % number) for number in (1, 2, 3)]
    server.on("lstat", Act.REFUSE, path=f"taken/{sent[1]}.", lasting=True)
    assert f"(sftp://erp/out/{sent[1]})" in problems(pull.run())
    assert names(pull.taken) == [sent[0], sent[2]]


def test_tails_are_read_many_at_once_and_within_bounds(
    pull: Pull, server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway shall read the ends of many files together, and never keep more than a little of them."""
    monkeypatch.setattr("gateway.sources.sftp._TEXTS", 800)
    pull.plant.configure(pull.routes(server, "move", "{require: [trailer-count]}"))
    sent = [pull.send(number) for number in (1, 2, 3)]
    sent.append(pull.send(4, confirmation(4)[:-20]))
    pull.run()
    assert pull.plant.states() == dict.fromkeys(sent[:3], State.PROCESSED)
    assert names(pull.out) == sent[3:]
    asked = [operation for operation, path in server.requests if path.startswith("/out/CONF")]
    assert asked[:2] == ["open", "open"]

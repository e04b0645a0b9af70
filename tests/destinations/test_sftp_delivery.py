"""Delivery to real and to odd SFTP servers: whole, once, under final names, with side files."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from pathlib import Path

import pytest

from gateway.model import DeliveryState, State
from gateway.pipeline import run_routes
from tests.destinations.outgoing import Outgoing
from tests.pipeline.plant import confirmation, name_of, route
from tests.sftp.openssh import OpenSsh
from tests.sftp.script import Act, Manner
from tests.sftp.scripted import Scripted

NAME = name_of(1)
SIDES = "done_marker: .done, checksum_file: .sha256"


def test_files_reach_a_real_server_whole_with_their_side_files(
    tmp_path: Path, openssh: OpenSsh, served: Path
) -> None:
    """The gateway shall deliver bytes, checksum file and marker, readable, and leave no temporary name."""
    site = Outgoing.build(tmp_path / "site", openssh, served / "in", more=f"{SIDES}, verify: content")
    contents = {name_of(control): confirmation(control, rows=control) for control in (1, 2, 3)}
    for name, content in contents.items():
        site.plant.drop(name, content)
    (report,) = site.plant.run()
    assert not report.is_troubled, report.problems
    assert len(site.names) == 9
    for name, content in contents.items():
        assert (site.place / name).read_bytes() == content
        assert (site.place / f"{name}.done").read_bytes() == b""
        mode = (site.place / name).stat().st_mode
        assert stat.S_ISREG(mode)
        assert mode & stat.S_IRUSR
    checked = subprocess.run(
        ["sha256sum", "-c", *(f"{name}.sha256" for name in contents)],
        cwd=site.place, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout
    assert set(site.plant.states().values()) == {State.PROCESSED}
    site.plant.demand_proof()


def test_no_file_of_the_receiver_is_ever_overwritten(tmp_path: Path, openssh: OpenSsh, served: Path) -> None:
    """The gateway shall wait where a name is taken, touch nothing, and deliver once when it is free."""
    site = Outgoing.build(tmp_path / "site", openssh, served / "in", more=SIDES)
    occupants = [f"{name_of(control)}{suffix}" for control, suffix in enumerate(("", ".done", ".sha256"), 1)]
    for control, name in enumerate(occupants, 1):
        (site.place / name).write_bytes(b"somebody else's")
        site.plant.drop_confirmation(control)
    (report,) = site.plant.run()
    assert [one.error.code for one in report.problems] == ["target-occupied"] * 3
    assert site.names == sorted(occupants)
    assert set(site.take().values()) == {b"somebody else's"}
    assert site.circuit() is None  # files are in the way; the server is well
    site.plant.clock.advance(seconds=61)
    site.plant.run()
    assert len(site.names) == 9
    assert set(site.plant.states().values()) == {State.PROCESSED}


def test_a_server_that_cannot_do_what_it_announces_is_served(tmp_path: Path, scripted: Scripted) -> None:
    """The gateway shall use the other rename, onto a free name, and the digest that the receiver wants."""
    more = "done_marker: .done, checksum_file: .md5, checksum_algorithm: md5"
    site = Outgoing.build(tmp_path / "site", scripted, scripted.root / "in", more=more)
    scripted.on("rename", Act.REFUSE, lasting=True, status=8)
    scripted.on("fsync", Act.REFUSE, lasting=True, status=8)  # announced all the same
    content = confirmation(1)
    site.plant.drop(NAME, content)
    site.plant.run()
    assert site.names == [NAME, f"{NAME}.done", f"{NAME}.md5"]
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert (site.place / f"{NAME}.md5").read_text() == f"{digest}  {NAME}\n"


@pytest.mark.slow
def test_a_missing_directory_is_said_and_waited_for(tmp_path: Path, openssh: OpenSsh, served: Path) -> None:
    """The gateway shall say once which directory is missing on which server, and deliver when it is made."""
    site = Outgoing.build(tmp_path / "site", openssh, served / "in")
    site.place.rmdir()
    for control in (1, 2, 3):
        site.plant.drop_confirmation(control)
    (report,) = site.plant.run()
    assert [one.error.code for one in report.problems] == ["remote-missing"]
    assert str(site.place) in str(report.problems[0].error)
    assert site.circuit() is None
    site.place.mkdir()
    site.plant.clock.advance(seconds=61)
    site.plant.run()
    assert site.names == [name_of(control) for control in (1, 2, 3)]


def test_a_directory_that_may_not_be_written_costs_only_its_own_files(
    tmp_path: Path, scripted: Scripted
) -> None:
    """The gateway shall keep a file that the server denies, say so, and leave the server's circuit alone."""
    site = Outgoing.build(tmp_path / "site", scripted, scripted.root / "in")
    scripted.on("open", Act.REFUSE, status=3, path=".part")
    site.plant.drop_confirmation(1)
    site.plant.drop_confirmation(2)
    (report,) = site.plant.run()
    assert [one.error.code for one in report.problems] == ["remote-denied"]
    assert set(site.plant.states().values()) == {State.DELIVERING, State.PROCESSED}
    assert site.circuit() is None
    site.plant.clock.advance(seconds=61)
    site.plant.run()
    assert site.names == [name_of(1), name_of(2)]


def test_content_that_comes_back_altered_is_not_published(tmp_path: Path, scripted: Scripted) -> None:
    """The gateway shall find out by reading back that a server keeps other bytes, and publish nothing."""
    site = Outgoing.build(tmp_path / "site", scripted, scripted.root / "in", more="verify: content")

    def spoil() -> None:
        (part,) = site.place.glob(".*.part")
        part.write_bytes(part.read_bytes().replace(b"MES01", b"MES02"))

    scripted.on("close", Act.TELL_AFTER, path=".part", then=spoil)
    site.plant.drop_confirmation(1)
    (report,) = site.plant.run()
    assert "other bytes" in str(report.problems[0].error)
    assert site.names == []
    site.plant.clock.advance(seconds=61)
    site.plant.run()
    assert site.take() == {NAME: confirmation(1)}


def test_a_rename_whose_reply_is_lost_is_looked_after_at_once(tmp_path: Path, scripted: Scripted) -> None:
    """The gateway shall find out by looking whether a rename happened, in the same pass, and send once."""
    site = Outgoing.build(tmp_path / "site", scripted, scripted.root / "in", more=SIDES)
    with site.plant.working() as context:
        # of three files: a checksum file, a file, a marker
        cases = [(nth, act) for nth in (2, 5, 8) for act in (Act.CUT_BEFORE, Act.CUT_AFTER)]
        for number, (nth, act) in enumerate(cases):
            scripted.requests.clear()
            fault = scripted.on("rename", act, nth=nth)
            names = [site.plant.drop_confirmation(number * 3 + each).name for each in (1, 2, 3)]
            (report,) = run_routes(context)
            assert fault.hit.is_set()
            assert not report.is_troubled, report.problems
            assert set(site.take()) == {
                f"{name}{side}" for name in names for side in ("", ".sha256", ".done")
            }
            assert site.names == []
            stored = [path for path in scripted.asked("open") if path.endswith(".part")]
            assert len(stored) == len(set(stored)) == 3
    assert set(site.plant.states().values()) == {State.PROCESSED}


def test_a_publication_of_which_nobody_knows_is_never_sent_twice(tmp_path: Path, scripted: Scripted) -> None:
    """The gateway shall keep a file staged whose rename it cannot know of, and look with the next try."""
    site = Outgoing.build(tmp_path / "site", scripted, scripted.root / "in", more=SIDES)
    cases = [(act, is_taken) for act in (Act.CUT_BEFORE, Act.CUT_AFTER) for is_taken in (True, False)]
    with site.plant.working() as context:
        for number, (act, is_taken) in enumerate(cases, 1):
            name = site.plant.drop_confirmation(number).name
            scripted.requests.clear()
            fault = scripted.on("rename", act, nth=2, then=scripted.stop)
            (report,) = run_routes(context)
            assert fault.hit.is_set()
            assert report.is_troubled
            (delivery,) = site.plant.deliveries(name)
            assert delivery.state is DeliveryState.STAGED
            received = list(site.take()) if is_taken else []
            scripted.start()
            scripted.calm()
            site.plant.clock.advance(seconds=61)
            run_routes(context)
            received += list(site.take())
            assert received.count(name) == 1
            assert site.names == []
            assert len([path for path in scripted.asked("open") if path.endswith(".part")]) == 1
    assert set(site.plant.states().values()) == {State.PROCESSED}


def test_a_rename_by_link_that_broke_halfway_is_completed(tmp_path: Path, scripted: Scripted) -> None:
    """The gateway shall complete a rename of which the server made both names and then died."""
    site = Outgoing.build(tmp_path / "site", scripted, scripted.root / "in")

    def link() -> None:
        (part,) = site.place.glob(".*.part")
        os.link(part, site.place / NAME)

    scripted.on("rename", Act.CUT_BEFORE, then=link)
    site.plant.drop_confirmation(1)
    site.plant.run()
    assert site.names == [NAME]
    assert site.plant.states() == {NAME: State.PROCESSED}


@pytest.mark.slow
def test_what_an_earlier_try_left_is_written_anew(tmp_path: Path, scripted: Scripted) -> None:
    """The gateway shall replace its own half-written temporary file, and only that."""
    site = Outgoing.build(tmp_path / "site", scripted, scripted.root / "in", more=SIDES)
    (site.place / ".other.part").write_bytes(b"of another gateway")
    scripted.on("write", Act.CUT_AFTER)
    content = confirmation(1, rows=50)
    site.plant.drop(NAME, content)
    site.plant.run()
    assert len(site.names) > 1
    site.plant.clock.advance(seconds=61)
    site.plant.run()
    assert site.names == [".other.part", NAME, f"{NAME}.done", f"{NAME}.sha256"]
    assert site.take()[NAME] == content


def test_data_that_is_kept_out_at_the_last_moment_takes_its_checksum_file_back(
    tmp_path: Path, scripted: Scripted
) -> None:
    """The gateway shall leave no checksum file where another file took the data's name, and deliver later."""
    site = Outgoing.build(tmp_path / "site", scripted, scripted.root / "in", more="checksum_file: .sha256")
    scripted.on(
        "rename", Act.TELL_AFTER, path=".checksum", then=lambda: (site.place / NAME).write_bytes(b"theirs")
    )
    site.plant.drop_confirmation(1)
    site.plant.run()
    assert [name for name in site.names if not name.startswith(".")] == [NAME]
    assert site.take() == {NAME: b"theirs"}
    site.plant.clock.advance(seconds=61)
    site.plant.run()
    assert site.names == [NAME, f"{NAME}.sha256"]


def test_another_kind_of_temporary_name_is_not_taken_for_a_delivery(
    tmp_path: Path, scripted: Scripted
) -> None:
    """The gateway shall not conclude from a temporary name that it uses no more that a file was delivered."""
    site = Outgoing.build(tmp_path / "site", scripted, scripted.root / "in")
    scripted.on("rename", Act.CUT_BEFORE, then=scripted.stop)
    site.plant.drop_confirmation(1)
    site.plant.run()
    scripted.start()
    scripted.calm()
    config = site.plant.directory / "config" / "gateway.yaml"
    config.write_text(config.read_text().replace("path: /in", "path: /in, temporary_name: '{key}.tmp'"))
    site.plant.clock.advance(seconds=61)
    site.plant.run()
    site.plant.clock.advance(seconds=200)
    site.plant.run()
    assert site.take() == {NAME: confirmation(1)}
    assert site.plant.states() == {NAME: State.PROCESSED}


def test_nothing_overtakes_on_a_strict_stream(tmp_path: Path, scripted: Scripted) -> None:
    """The gateway shall publish nothing of a strict stream before its predecessor, whatever breaks."""
    site = Outgoing.build(
        tmp_path / "site",
        scripted,
        scripted.root / "in",
        routes=lambda to: route(
            destinations=f"{{erp: {to}}}", sequence="{model: counter, order: strict, start: 1}"
        ),
    )
    (site.place / name_of(2)).write_bytes(b"in the way")
    for control in (1, 2, 3):
        site.plant.drop_confirmation(control)
    site.plant.run()
    assert list(site.take()) == [name_of(1), name_of(2)]
    for _ in range(2):
        site.plant.run()
    assert site.take() == {}
    site.plant.clock.advance(seconds=61)
    site.plant.run()
    assert list(site.take()) == [name_of(2), name_of(3)]


def test_a_name_that_the_server_refuses_holds_up_no_other_file(tmp_path: Path, scripted: Scripted) -> None:
    """The gateway shall deliver the rest of a batch where a server does not even look at one name."""
    site = Outgoing.build(tmp_path / "site", scripted, scripted.root / "in", more=SIDES)
    scripted.on("lstat", Act.REFUSE, path=name_of(2), status=5, lasting=True)
    for control in (1, 2, 3):
        site.plant.drop_confirmation(control)
    (report,) = site.plant.run()
    assert [one.name for one in report.problems] == [name_of(2)]
    assert set(site.take()) == {f"{name_of(n)}{side}" for n in (1, 3) for side in ("", ".sha256", ".done")}


def test_a_rename_that_is_done_and_called_refused_is_no_failure(tmp_path: Path, scripted: Scripted) -> None:
    """The gateway shall believe the name that it sees more than the reply, and send nothing twice."""
    site = Outgoing.build(tmp_path / "site", scripted, scripted.root / "in", more=SIDES)
    with site.plant.working() as context:
        for nth in (2, 3):  # the file, the marker
            name = site.plant.drop_confirmation(nth).name
            scripted.requests.clear()
            scripted.on("rename", Act.REFUSE_AFTER, nth=nth)
            for _ in range(2):
                run_routes(context)
                site.plant.clock.advance(seconds=61)
            assert set(site.take()) == {name, f"{name}.done", f"{name}.sha256"}
            assert len([path for path in scripted.asked("open") if path.endswith(".part")]) == 1
    assert set(site.plant.states().values()) == {State.PROCESSED}


def test_two_files_of_one_name_do_not_replace_each_other_where_a_rename_would(tmp_path: Path) -> None:
    """The gateway shall give one name to one file after the other, also where a server's rename replaces."""
    (tmp_path / "served").mkdir()
    with Scripted(tmp_path / "served", Manner(extensions=(), renames_over=True)) as server:
        site = Outgoing.build(
            tmp_path / "site", server, server.root / "in", more="file_name: '{control_number}.csv'"
        )
        sent = [confirmation(7, sender=f"MES0{sender}", first=sender * 10) for sender in (1, 2, 3)]
        for number, content in enumerate(sent):
            site.plant.drop(name_of(number), content)
        received = []
        for _ in range(3):
            site.plant.run()
            received += list(site.take().values())
            site.plant.clock.advance(seconds=400)
        assert sorted(received) == sent

"""Completeness as evidence: what proves a file complete, and what becomes of the others."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.model import State
from gateway.pipeline import run_pass
from gateway.stages.arrive import arrive
from gateway.stages.context import Context, Report
from tests.pipeline.plant import Plant, confirmation, name_of, route

NAME = name_of(1)
GOOD = confirmation(1)


def plant_with(directory: Path, require: str, more: str = "") -> Plant:
    """Return a plant whose route asks for the evidence ``require``."""
    return Plant.build(directory / "site", route(completeness=f"{{require: [{require}]{more}}}"))


def digest(content: bytes, algorithm: str = "sha256") -> str:
    return hashlib.new(algorithm, content).hexdigest()


def kinds(plant: Plant, name: str = NAME) -> list[str]:
    """Return which evidence the manifest of a file says admitted it."""
    return [one["kind"] for one in plant.manifest(name)["evidence"]]


@pytest.mark.parametrize(
    ("more", "marker"),
    [
        ("", f"{NAME}.done"),
        (", done_replaces_extension: true", "CONF_MES01_0000001.done"),
        (", done_suffix: .eof", f"{NAME}.eof"),
    ],
)
def test_a_done_marker_admits_its_file_and_goes_with_it(tmp_path: Path, more: str, marker: str) -> None:
    """The gateway shall take a file once its done marker is there, in either naming, and archive both."""
    plant = plant_with(tmp_path, "done-marker", more)
    plant.drop(NAME, GOOD)
    plant.run()
    assert plant.states() == {}
    assert marker in plant.waiting()[NAME]
    plant.drop(marker, b"")
    plant.run()
    assert plant.states() == {NAME: State.PROCESSED}
    assert kinds(plant) == ["done-marker"]
    assert list(plant.inbox().iterdir()) == []
    assert plant.waiting() == {}
    assert [path.name for path in plant.everywhere(marker)] == [marker]
    plant.demand_proof()


def test_a_marker_without_its_file_waits_visibly(tmp_path: Path) -> None:
    """The gateway shall show a done marker whose file has not come, and take both when it has."""
    plant = plant_with(tmp_path, "done-marker")
    plant.drop(f"{NAME}.done", b"")
    plant.run()
    assert "has not come" in plant.waiting()[f"{NAME}.done"]
    plant.drop(NAME, GOOD)
    plant.run()
    assert plant.states() == {NAME: State.PROCESSED}
    assert list(plant.inbox().iterdir()) == []


@pytest.mark.parametrize(
    ("algorithm", "write"),
    [
        ("sha256", lambda stated: stated),
        ("sha256", lambda stated: f"{stated.upper()}\r\n"),
        ("sha256", lambda stated: f"{stated}  {NAME}\n"),
        ("sha256", lambda stated: f"{stated} *{NAME}\n"),
        ("sha256", lambda stated: f"{'0' * 64}  other.csv\n{stated}  export/{NAME}\n"),
        ("sha256", lambda stated: f"SHA256 ({NAME}) = {stated}\n"),
        ("md5", lambda stated: f"{stated}  {NAME}\n"),
        ("sha512", lambda stated: f"SHA2-512({NAME})= {stated}\n"),
    ],
)
def test_a_checksum_file_admits_its_file(tmp_path: Path, algorithm: str, write: Callable[[str], str]) -> None:
    """The gateway shall accept a matching checksum in every usual notation and algorithm."""
    suffix = f".{algorithm}"
    plant = plant_with(tmp_path, "checksum", f", checksum_suffix: {suffix}, checksum_algorithm: {algorithm}")
    plant.drop(NAME, GOOD)
    plant.drop(NAME + suffix, write(digest(GOOD, algorithm)).encode())
    plant.run()
    assert plant.states() == {NAME: State.PROCESSED}
    assert plant.manifest(NAME)["evidence"][0]["facts"] == {algorithm: digest(GOOD, algorithm)}
    plant.demand_proof()


def test_a_wrong_checksum_waits_and_then_fails(tmp_path: Path) -> None:
    """The gateway shall wait while a checksum contradicts its file, and after a quiet time fail it F213."""
    plant = plant_with(tmp_path, "checksum", ", mismatch_after: 5m")
    plant.drop(NAME, GOOD)
    plant.drop(f"{NAME}.sha256", digest(b"something else").encode())
    plant.run()
    assert plant.states() == {}
    assert digest(GOOD) in plant.waiting()[NAME]
    plant.clock.advance(minutes=4)
    plant.run()
    assert plant.states() == {}
    plant.clock.advance(minutes=2)
    plant.run()
    assert plant.states() == {NAME: State.FAILED}
    assert plant.codes(NAME) == ["F213"]
    assert list(plant.inbox().iterdir()) == []
    report = (plant.directory / "failed" / "confirmations" / f"{NAME}.report.txt").read_text()
    assert digest(GOOD) in report
    assert plant.delivered() == []
    plant.demand_proof()


def test_a_checksum_corrected_in_time_is_no_failure(tmp_path: Path) -> None:
    """The gateway shall take a file whose transfer was under way when its checksum was already there."""
    plant = plant_with(tmp_path, "checksum")
    plant.drop(NAME, GOOD[:200])
    plant.drop(f"{NAME}.sha256", digest(GOOD).encode())
    plant.run()
    plant.clock.advance(minutes=4)
    plant.drop(NAME, GOOD)
    plant.clock.advance(minutes=4)  # the mismatch is as old as the last change, and no older
    plant.run()
    plant.run()
    assert plant.states() == {NAME: State.PROCESSED}


COLUMNS = "name_column: file, checksum_column: sha256, size_column: bytes, records_column: records"
CONTROL = f", control_file: {{{COLUMNS}}}"


def control_file(*lines: tuple[str, bytes, int]) -> bytes:
    """Return a control file that lists (name, content, number of records)."""
    rows = [f"{name};{digest(content)};{len(content)};{records}\r\n" for name, content, records in lines]
    return "".join(["file;sha256;bytes;records\r\n", *rows]).encode()


def test_a_control_file_admits_all_that_it_lists_and_goes_with_the_last(tmp_path: Path) -> None:
    """The gateway shall take listed files as they come; a missing one stays visible with the control file."""
    plant = plant_with(tmp_path, "control-file", CONTROL)
    contents = {name_of(control): confirmation(control) for control in (1, 2, 3)}
    for name in list(contents)[:2]:
        plant.drop(name, contents[name])
    plant.drop("DAY.ctl", control_file(*((name, content, 2) for name, content in contents.items())))
    plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED, name_of(2): State.PROCESSED}
    assert [path.name for path in plant.inbox().iterdir()] == ["DAY.ctl"]
    plant.run()
    assert name_of(3) in plant.waiting()["DAY.ctl"]
    plant.drop(name_of(3), contents[name_of(3)])
    plant.run()
    assert plant.states()[name_of(3)] is State.PROCESSED
    assert list(plant.inbox().iterdir()) == []
    assert plant.waiting() == {}
    assert [one["name"] for one in plant.manifest(name_of(3))["companions"]] == ["DAY.ctl"]
    plant.demand_proof()


def test_a_control_file_that_counts_other_records_fails_its_file(tmp_path: Path) -> None:
    """The gateway shall fail a file F212 whose records are not as many as the control file states."""
    plant = plant_with(tmp_path, "control-file", CONTROL)
    plant.drop(NAME, GOOD)
    plant.drop(name_of(2), confirmation(2))
    plant.drop("DAY.ctl", control_file((NAME, GOOD, 3), (name_of(2), confirmation(2), 2)))
    plant.run()
    assert plant.states() == {NAME: State.FAILED, name_of(2): State.PROCESSED}
    assert plant.codes(NAME) == ["F212"]
    assert list(plant.inbox().iterdir()) == []
    plant.demand_proof()


def test_a_control_file_that_states_another_size_waits_and_then_fails(tmp_path: Path) -> None:
    """The gateway shall wait while a listed file has not its stated size, and in the end fail it F212."""
    plant = plant_with(tmp_path, "control-file", CONTROL)
    plant.drop(NAME, GOOD)
    plant.drop("DAY.ctl", control_file((NAME, GOOD + b"more", 2)))
    plant.run()
    assert f"states {len(GOOD) + 4} bytes" in plant.waiting()[NAME]
    plant.clock.advance(minutes=6)
    plant.run()
    assert plant.codes(NAME) == ["F212"]
    assert list(plant.inbox().iterdir()) == []


def test_an_unreadable_control_file_is_named_and_admits_nothing(tmp_path: Path) -> None:
    """The gateway shall say what is wrong with a control file, and take nothing on its word."""
    plant = plant_with(tmp_path, "control-file", CONTROL)
    plant.drop(NAME, GOOD)
    plant.drop("DAY.ctl", b"name;hash\r\n")
    plant.run()
    assert plant.states() == {}
    assert "no column" in plant.waiting()["DAY.ctl"]
    assert "lists it" in plant.waiting()[NAME]


def test_a_temporary_name_is_never_taken(tmp_path: Path) -> None:
    """The gateway shall leave temporary names alone however old, and take the file once it is renamed."""
    plant = plant_with(tmp_path, "rename")
    temporary = plant.drop(f"{NAME}.tmp", GOOD)
    plant.drop(f".{NAME}", GOOD)
    plant.run()
    plant.clock.advance(days=3)
    plant.run()
    assert plant.states() == {}
    assert "temporary" in plant.waiting()[f"{NAME}.tmp"]
    temporary.rename(plant.inbox() / NAME)
    plant.run()
    assert plant.states() == {NAME: State.PROCESSED}
    assert kinds(plant) == ["rename"]


def test_a_trailer_admits_a_file_and_its_count_is_checked(tmp_path: Path) -> None:
    """The gateway shall wait for a file's trailer, and fail one whose trailer counts other records."""
    plant = plant_with(tmp_path, "trailer-count")
    plant.drop(NAME, GOOD[: GOOD.rindex(b"T;")])
    plant.drop(name_of(2), confirmation(2).replace(b"T;2;", b"T;9;"))
    plant.run()
    assert plant.states() == {name_of(2): State.FAILED}
    assert plant.codes(name_of(2)) == ["F205"]
    assert "trailer" in plant.waiting()[NAME]
    plant.drop(NAME, GOOD)
    plant.run()
    plant.run()
    assert plant.states()[NAME] is State.PROCESSED
    assert kinds(plant) == ["trailer-count"]


STABLE = ", looks: 3, quiet: 20s"


def look(plant: Plant, times: int = 1, seconds: float = 11) -> None:
    """Let passes run, some seconds apart."""
    for _ in range(times):
        plant.run()
        plant.clock.advance(seconds=seconds)


def test_stability_needs_looks_and_time(tmp_path: Path) -> None:
    """The gateway shall take a stable file only after both the looks and the seconds asked for."""
    plant = plant_with(tmp_path, "stability", STABLE)
    plant.drop(NAME, GOOD)
    look(plant, 5, seconds=1)
    assert plant.states() == {}  # looks enough, time not
    plant.clock.advance(seconds=60)
    plant.run()
    assert plant.states() == {NAME: State.PROCESSED}
    plant.drop(name_of(2), confirmation(2))
    look(plant, 2, seconds=300)
    assert name_of(2) not in plant.states()  # time enough, looks not
    plant.run()
    assert plant.states()[name_of(2)] is State.PROCESSED


@pytest.mark.parametrize("change", ["growth", "same size", "reboot", "replaced"])
def test_a_change_begins_the_stability_anew(tmp_path: Path, change: str) -> None:
    """The gateway shall count looks and seconds anew after growth, a rewrite, a new file or a reboot."""
    plant = plant_with(tmp_path, "stability", STABLE)
    path = plant.drop(NAME, GOOD[:100] if change == "growth" else GOOD)
    look(plant, 2)
    if change == "reboot":
        plant.clock.boot = "boot-2"
    elif change == "replaced":
        other = plant.drop(".new", GOOD)
        os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
        other.rename(path)
    else:
        plant.drop(NAME, GOOD)
        os.utime(path, ns=(1, 1_900_000_000_000_000_000))
    look(plant, 2)
    assert plant.states() == {}
    plant.run()
    assert plant.states() == {NAME: State.PROCESSED}
    assert kinds(plant) == ["stability"]


def test_stability_is_counted_across_separate_processes(tmp_path: Path) -> None:
    """The gateway shall remember its looks between runs of `gateway run --once`."""
    plant = plant_with(tmp_path, "stability", ", looks: 2, quiet: 0s")
    plant.drop(NAME, GOOD)
    command = [
        sys.executable,
        "-m",
        "gateway.cli.main",
        "--site",
        str(plant.directory),
        "run",
        "--once",
        "--json",
    ]
    first = subprocess.run(command, capture_output=True, text=True)
    second = subprocess.run(command, capture_output=True, text=True)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert json.loads(first.stdout)[0]["waiting"] == 1
    assert [row["state"] for row in json.loads(second.stdout)[0]["settled"]] == ["processed"]


def test_all_evidence_of_a_route_must_be_there(tmp_path: Path) -> None:
    """The gateway shall take a file of a route with several kinds of evidence only with all of them."""
    plant = plant_with(tmp_path, "checksum, trailer-count, done-marker, stability", ", looks: 2, quiet: 5s")
    plant.drop(NAME, GOOD)
    look(plant, 3)
    assert {"checksum file", "done marker"} <= {
        words for words in ("checksum file", "done marker", "trailer") if words in plant.waiting()[NAME]
    }
    plant.drop(f"{NAME}.done", b"")
    look(plant)
    assert plant.states() == {}
    plant.drop(f"{NAME}.sha256", digest(GOOD).encode())
    plant.run()
    assert plant.states() == {NAME: State.PROCESSED}
    assert sorted(kinds(plant)) == ["checksum", "done-marker", "stability", "trailer-count"]
    assert list(plant.inbox().iterdir()) == []
    assert plant.waiting() == {}
    plant.demand_proof()


def test_a_file_that_never_completes_becomes_overdue_and_stays_visible(tmp_path: Path) -> None:
    """The gateway shall show what waits with age and reason, and call it a problem when it is overdue."""
    plant = plant_with(tmp_path, "done-marker", ", alert_after: 15m")
    plant.drop(NAME, GOOD)
    plant.drop("README.doc", b"not mine")
    assert not any(report.is_troubled for report in plant.run())
    plant.clock.advance(minutes=20)
    (report,) = plant.run()
    assert report.is_troubled
    assert {problem.error.code for problem in report.problems} == {"overdue"}
    assert {problem.name for problem in report.problems} == {NAME, "README.doc"}
    shown = {one["name"]: one for one in plant.overview()["waiting"]}
    assert shown[NAME]["age_seconds"] >= 20 * 60
    assert shown[NAME]["code"] == "F903"
    assert "20 min" in shown[NAME]["reason"]
    assert shown["README.doc"]["code"] == "F210"
    assert (plant.inbox() / NAME).read_bytes() == GOOD


def arrive_then(context: Context, sender: Callable[[], object]) -> None:
    """Let the sender act between the look that proves a file complete and its claim."""
    (settings,) = context.site.routes
    assert next(arrive(context, settings, Report("confirmations")))
    sender()
    run_pass(context, settings, Report("confirmations"))


def test_a_file_taken_back_before_the_claim_is_withdrawn_and_may_come_anew(plant: Plant) -> None:
    """The gateway shall let a sender take a file back, and take it as a new transfer when it returns."""
    path = plant.drop(NAME, GOOD)
    with plant.working() as context:
        arrive_then(context, path.unlink)
    assert plant.states() == {NAME: State.WITHDRAWN}
    assert plant.actions(NAME) == ["arrived", "withdrawn"]
    assert plant.attempts(NAME)[0].outcome == "withdrawn"
    plant.drop(NAME, GOOD)
    plant.run()
    assert [row.state for row in plant.transfers()] == [State.WITHDRAWN, State.PROCESSED]
    plant.demand_proof()


def test_a_file_that_grows_before_the_claim_waits_for_another_look(plant: Plant) -> None:
    """The gateway shall not claim a file that is no longer the one that was proved complete."""
    path = plant.drop(NAME, GOOD[:100])
    with plant.working() as context:
        arrive_then(context, lambda: path.write_bytes(GOOD))
    assert [row.state for row in plant.transfers()] == [State.WITHDRAWN, State.PROCESSED]
    assert plant.delivered() == [NAME]
    plant.demand_proof()


def test_a_control_file_outlives_the_withdrawal_of_its_last_file(tmp_path: Path) -> None:
    """The gateway shall remember what a control file has admitted, though its last file was taken back."""
    plant = plant_with(tmp_path, "control-file", CONTROL)
    contents = {name_of(control): confirmation(control) for control in (1, 2)}
    plant.drop("DAY.ctl", control_file(*((name, content, 2) for name, content in contents.items())))
    plant.drop(name_of(1), contents[name_of(1)])
    plant.run()
    path = plant.drop(name_of(2), contents[name_of(2)])
    with plant.working() as context:
        arrive_then(context, path.unlink)
    plant.drop(name_of(2), contents[name_of(2)])
    plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED, name_of(2): State.PROCESSED}
    assert list(plant.inbox().iterdir()) == []
    plant.demand_proof()

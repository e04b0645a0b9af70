"""Reprocess and replay: a new attempt with a reason, foretold truly, and an archive that stays provable."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import ActionRefused, ReasonMissing
from gateway.model import State
from gateway.operations.correct import correct
from gateway.operations.reprocess import Forecast, Selection, forecast, replay, reprocess, select
from tests.pipeline.plant import Plant, confirmation, lock_anew, name_of, route

NAME = name_of(1)
WRONG = confirmation(1, quantity="4B0,5")
DONE, FAILED, HELD = State.PROCESSED, State.FAILED, State.HELD


def failed_dir(plant: Plant) -> Path:
    return plant.directory / "failed" / "confirmations"


def replay_dir(plant: Plant) -> Path:
    return plant.directory / "replay" / "confirmations"


def fail(plant: Plant, control: int = 1, name: str | None = None) -> None:
    """Let a file fail with F302."""
    plant.drop(name or name_of(control), confirmation(control, quantity="4B0,5"))
    plant.run()


def ask(
    plant: Plant, selection: Selection, reason: str | None = "agreed with the ERP team", *allow: str
) -> None:
    """Ask for a reprocess as the command does."""
    with plant.opened() as context:
        reprocess(context, select(context, selection), reason, allow)


def without_format(plant: Plant) -> Callable[[], None]:
    """Take the quantity's digits away in the site's format, so that good files fail; return the way back."""
    plant.own_formats = True
    path = plant.directory / "formats" / "confirmation" / "1.1.0" / "format.yaml"
    good = path.read_text()
    path.write_text(good.replace("digits: 13\n        decimals: 3", "digits: 4\n        decimals: 3"))
    lock_anew(plant.directory / "formats")

    def repair() -> None:
        path.write_text(good)
        lock_anew(plant.directory / "formats")
        plant.accept_lock()

    return repair


# --- as it is


def test_a_file_goes_as_it_is_once_the_format_was_put_right(plant: Plant) -> None:
    """The gateway shall process a failed file unchanged when the fault was its own format's."""
    repair = without_format(plant)
    content = plant.drop_confirmation(1).read_bytes()
    plant.run()
    assert plant.states() == {NAME: FAILED}
    repair()
    ask(plant, Selection((NAME,)), "the format was wrong")
    plant.demand_proof()  # also between the request and the pass
    plant.run()
    assert plant.states() == {NAME: DONE}
    assert (plant.directory / "outbox" / "erp" / NAME).read_bytes() == content
    assert list(failed_dir(plant).iterdir()) == []
    assert plant.actions(NAME)[3:6] == ["failed", "reprocess-requested", "reprocess-begun"]
    first, second = plant.manifest(NAME)["attempts"]
    assert (first["outcome"], second["outcome"]) == ("failed", "processed")
    assert (second["actor"], second["reason"]) == ("operator", "the format was wrong")
    plant.demand_proof()


def test_a_file_that_fails_again_has_a_second_attempt_and_one_report(plant: Plant) -> None:
    """The gateway shall keep every attempt at a file, and one manifest and report of the last."""
    fail(plant)
    ask(plant, Selection((NAME,)), "once more")
    plant.run()
    assert plant.states() == {NAME: FAILED}
    assert sorted(path.name for path in failed_dir(plant).iterdir()) == [
        NAME,
        f"{NAME}.manifest.json",
        f"{NAME}.report.txt",
    ]
    assert [one["outcome"] for one in plant.manifest(NAME)["attempts"]] == ["failed", "failed"]
    plant.demand_proof()


def test_companions_come_along_and_go_back(tmp_path: Path) -> None:
    """The gateway shall take a failed file's companions into the new attempt and archive them with it."""
    plant = Plant.build(tmp_path / "site", route(completeness="{require: [done-marker]}"))
    repair = without_format(plant)
    plant.drop_confirmation(1)
    plant.drop(f"{NAME}.done", b"")
    plant.run()
    assert plant.states() == {NAME: FAILED}
    repair()
    ask(plant, Selection((NAME,)))
    plant.run()
    assert plant.states() == {NAME: DONE}
    assert list(failed_dir(plant).iterdir()) == []
    (marker,) = plant.everywhere(f"{NAME}.done")
    assert "processed" in marker.parts
    plant.demand_proof()


def test_files_are_chosen_by_code_route_and_time(tmp_path: Path) -> None:
    """The gateway shall reprocess exactly the failed files that code, route and time choose."""
    plant = Plant.build(
        tmp_path / "site", route() + route("others", destinations="{erp: {path: outbox/others}}")
    )
    fail(plant, 1)
    plant.drop(name_of(2), confirmation(2).replace(b"T;2;", b"T;3;"))
    plant.drop(name_of(3), confirmation(3, quantity="x"), "others")
    plant.run()
    middle = plant.clock.now()
    plant.clock.advance(days=1)
    fail(plant, 4)
    chosen = {
        (1, 3, 4): Selection(code="F302"),
        (2,): Selection(code="F205"),
        (1, 2, 4): Selection(route="confirmations"),
        (3,): Selection(route="others"),
        (4,): Selection(since=middle),
        (1, 2, 3): Selection(until=middle),
        (1,): Selection(code="F302", route="confirmations", until=middle),
        (): Selection(code="F999"),
    }
    with plant.opened() as context:
        for controls, selection in chosen.items():
            names = [row.name for row in select(context, selection)]
            assert names == [name_of(control) for control in controls], selection
    ask(plant, Selection(code="F205"))
    plant.run()
    assert {row.name: row.attempt for row in plant.transfers()} == {
        name_of(1): 1,
        name_of(2): 2,
        name_of(3): 1,
        name_of(4): 1,
    }


def test_what_cannot_be_reprocessed_is_refused(plant: Plant) -> None:
    """The gateway shall refuse a reprocess of what is not failed, without a reason, or with a wrong word."""
    plant.drop_confirmation(1)
    fail(plant, 2)
    for wrong in (None, "", " \n"):
        with pytest.raises(ReasonMissing):
            ask(plant, Selection((name_of(2),)), wrong)
    for selection, words in (
        (Selection((NAME,)), ()),
        (Selection(("nothing",)), ()),
        (Selection((name_of(2),)), ("everything",)),
    ):
        with pytest.raises(ActionRefused):
            ask(plant, selection, "why not", *words)
    with plant.opened() as context, pytest.raises(ActionRefused):
        forecast(context, select(context, Selection((name_of(2),))), ["everything"])
    assert plant.states() == {NAME: DONE, name_of(2): FAILED}


# --- the dry run


def foretell(plant: Plant, names: Sequence[str], *allow: str) -> list[Forecast]:
    with plant.opened() as context:
        return forecast(context, select(context, Selection(tuple(names))), allow)


def everything(plant: Plant) -> dict[str, Any]:
    """Return the site's files and what the ledger says of them, but not when it was asked."""
    files = {
        str(path): path.read_bytes()
        for path in plant.directory.rglob("*")
        if path.is_file() and path.parent.name != "ledger"
    }
    with plant.opened() as context, context.ledger.read() as connection:
        from gateway.ledger import audit, streams

        trail = [one.sequence for one in audit.read(connection)]
        kept = [(row.stream, row.state) for row in streams.every(connection)]
    return {"files": files, "trail": trail, "streams": kept, "transfers": plant.transfers()}


def test_a_dry_run_changes_nothing_and_comes_true(tmp_path: Path) -> None:
    """The gateway shall foretell a reprocess, duplicates and sequence included, without changing anything."""
    plant = Plant.build(
        tmp_path / "site",
        route(
            duplicates="{resend: set-aside, record_duplicate: fail}",
            sequence="{model: counter, start: 1, late: fail}",
        ),
    )
    repair = without_format(plant)
    plant.drop_confirmation(3)  # good, fails for the format; 3 comes before 2 here
    plant.run()
    for control in (1, 2):
        plant.drop_confirmation(control)
    plant.drop("CONF_MES01_0000002-again.csv", confirmation(2))  # both would be accepted: one of them
    plant.drop(name_of(5), confirmation(5, quantity="4B0,5"))  # wrong under any format
    plant.drop(name_of(6), confirmation(6, first=1_000, quantity="9,500"))  # its records are not 600 and on
    plant.run()
    plant.drop(name_of(4), confirmation(4, first=4_000, quantity="9,500"))  # held, waits for the failed ones
    plant.run()
    assert {name for name, state in plant.states().items() if state is HELD} == {name_of(4), name_of(6)}
    repair()
    names = [name_of(control) for control in (5, 3, 2, 1)] + ["CONF_MES01_0000002-again.csv"]
    before = everything(plant)
    foretold = foretell(plant, names)
    assert everything(plant) == before
    assert [one.transfer.name for one in foretold] == [
        row.name for row in before["transfers"] if row.name in names
    ]
    ask(plant, Selection(tuple(names)))
    plant.run()
    found = plant.states()
    became = {
        "delivering": DONE,
        "processed": DONE,
        "failed": FAILED,
        "duplicate": State.DUPLICATE,
        "held": HELD,
    }
    assert {one.transfer.name: became[one.outcome] for one in foretold} == {
        name: found[name] for name in names
    }
    assert {one.transfer.name: one.verdict for one in foretold} == {
        name: plant.transfer(name).verdict for name in names
    }
    assert found[name_of(3)] is DONE  # foretold, although 3 is judged before 1 and 2
    released = {one for forecast_ in foretold for one in forecast_.releases}
    assert released == {name_of(4)}
    assert found[name_of(4)] is DONE
    assert found[name_of(6)] is HELD
    plant.demand_proof()


def test_a_dry_run_tells_what_an_allowance_would_do(plant: Plant) -> None:
    """The gateway shall foretell the effect of what an operator would allow."""
    plant.drop_confirmation(1)
    plant.drop("CONF_MES01_0000001-b.csv", confirmation(1, first=900))
    plant.run()
    name = "CONF_MES01_0000001-b.csv"
    (plain,), (allowed,) = foretell(plant, [name]), foretell(plant, [name], "conflict")
    assert (plain.outcome, plain.verdict) == ("failed", "conflict")
    assert (allowed.outcome, allowed.findings) == ("delivering", 0)


def test_a_dry_run_says_what_it_cannot_foretell(plant: Plant) -> None:
    """The gateway shall answer a dry run for a file it cannot read with the reason."""
    fail(plant)
    (failed_dir(plant) / NAME).unlink()
    (one,) = foretell(plant, [NAME])
    assert one.outcome == "unknown"
    assert "file-missing" in one.explanation


# --- corrected files


def correct_it(plant: Plant, name: str, content: bytes, directory: Path) -> None:
    path = directory / "corrected.csv"
    path.write_bytes(content)
    with plant.opened() as context:
        correct(context, select(context, Selection((name,)))[0], path, "quantity as on the paper")


def test_a_correction_is_linked_and_compared(plant: Plant, tmp_path: Path) -> None:
    """The gateway shall keep who corrected what: parent and child linked, each field's old and new value."""
    fail(plant)
    correct_it(plant, NAME, confirmation(1), tmp_path)
    plant.run()
    parent, child = plant.transfers()
    assert (parent.state, child.state) == (FAILED, DONE)
    assert (child.parent, parent.superseded_by) == (parent.id, child.id)
    assert (tmp_path / "corrected.csv").exists()
    (entry,) = plant.trail(parent.id, "corrected")
    assert (entry.actor.name, entry.reason) == ("operator", "quantity as on the paper")
    assert entry.new is not None
    changes = entry.new["difference"]["changes"]
    assert {(one["column"], one["old"], one["new"]) for one in changes} == {
        ("yield_quantity", "4B0,5", "480,000"),
        ("yield_total", "0,000", "960,000"),
    }
    (attempt,) = plant.manifest(NAME)["attempts"]
    assert (attempt["actor"], attempt["reason"]) == ("operator", "quantity as on the paper")
    assert "yield_quantity: '4B0,5' -> '480,000'" in attempt["detail"]
    assert plant.manifest(NAME)["transfer"]["parent"] == parent.id
    assert (failed_dir(plant) / NAME).read_bytes() == WRONG
    with plant.opened() as context:
        assert select(context, Selection(code="F302")) == []
        with pytest.raises(ActionRefused, match="corrected already"):
            select(context, Selection((parent.id,)))
    plant.demand_proof()


def test_a_correction_that_is_wrong_itself_can_be_corrected(plant: Plant, tmp_path: Path) -> None:
    """The gateway shall fail a wrong correction like any file, and take the next one."""
    fail(plant)
    correct_it(plant, NAME, confirmation(1, quantity="x"), tmp_path)
    plant.run()
    assert [row.state for row in plant.transfers()] == [FAILED, FAILED]
    correct_it(plant, NAME, confirmation(1), tmp_path)
    plant.run()
    assert [row.state for row in plant.transfers()] == [FAILED, FAILED, DONE]
    assert plant.delivered() == [NAME]
    plant.demand_proof()


def test_a_correction_that_vanishes_before_the_pass_corrects_nothing(plant: Plant, tmp_path: Path) -> None:
    """The gateway shall list a failed file again when its correction was removed before it was taken."""
    fail(plant)
    correct_it(plant, NAME, confirmation(1), tmp_path)
    (copy,) = replay_dir(plant).iterdir()
    copy.unlink()
    plant.run()
    assert [row.state for row in plant.transfers()] == [FAILED, State.WITHDRAWN]
    with plant.opened() as context:
        assert [row.name for row in select(context, Selection(code="F302"))] == [NAME]
    assert len(plant.trail(plant.transfers()[0].id, "correction-withdrawn")) == 1
    correct_it(plant, plant.transfers()[0].id, confirmation(1), tmp_path)
    plant.run()
    assert plant.transfers()[-1].state is DONE
    plant.demand_proof()


# --- replay


def replay_it(plant: Plant, name: str = NAME, reason: str | None = "the ERP lost it") -> None:
    with plant.opened() as context:
        replay(context, [name], reason)


def test_a_replay_delivers_again_and_the_archive_stays_provable(plant: Plant) -> None:
    """The gateway shall deliver a processed file again with a new key, and write that into its manifest."""
    content = plant.drop_confirmation(1).read_bytes()
    plant.drop_confirmation(2)
    plant.run()
    (plant.directory / "outbox" / "erp" / NAME).unlink()
    plant.clock.advance(days=3)
    replay_it(plant)
    plant.demand_proof()
    plant.run()
    assert (plant.directory / "outbox" / "erp" / NAME).read_bytes() == content
    row = plant.transfer(NAME)
    manifest = plant.manifest(NAME)
    assert [one["key"] for one in manifest["deliveries"]] == [f"{row.id}-1", f"{row.id}-2"]
    assert [(one["reason"], one["outcome"]) for one in manifest["attempts"]] == [
        ("arrived", "processed"),
        ("the ERP lost it", "processed"),
    ]
    assert plant.actions(NAME)[-4:] == ["replay-requested", "replay-begun", "delivered", "processed"]
    (day,) = (plant.directory / "processed" / "confirmations").iterdir()
    checked = subprocess.run(["sha256sum", "-c", "manifest-sha256.txt"], cwd=day, capture_output=True)
    assert checked.returncode == 0
    plant.demand_proof()


def test_a_replay_waits_for_its_destination_and_stays_in_the_archive(plant: Plant) -> None:
    """The gateway shall keep a replayed file in the archive while its destination is away."""
    plant.drop_confirmation(1)
    plant.run()
    shutil.rmtree(plant.directory / "outbox" / "erp")
    replay_it(plant)
    plant.run()
    assert plant.states() == {NAME: State.DELIVERING}
    plant.demand_proof()
    (plant.directory / "outbox" / "erp").mkdir()
    plant.clock.advance(hours=2)
    plant.run()
    assert plant.states() == {NAME: DONE}
    plant.demand_proof()


def test_only_processed_files_are_replayed_and_with_a_reason(plant: Plant) -> None:
    """The gateway shall refuse a replay without a reason, or of a file that was not processed."""
    plant.drop_confirmation(1)
    fail(plant, 2)
    with pytest.raises(ReasonMissing):
        replay_it(plant, reason=" ")
    with pytest.raises(ActionRefused):
        replay_it(plant, name_of(2))


def test_a_replay_does_not_move_the_stream(tmp_path: Path) -> None:
    """The gateway shall replay a file of a strict stream without counting its number again."""
    plant = Plant.build(tmp_path / "site", route(sequence="{model: counter, start: 1}"))
    for control in (1, 2):
        plant.drop_confirmation(control)
    plant.run()
    for path in (plant.directory / "outbox" / "erp").iterdir():
        path.unlink()
    replay_it(plant)
    plant.drop_confirmation(3)
    plant.run()
    assert plant.delivered() == [name_of(1), name_of(3)]
    assert plant.overview()["gaps"] == []


# --- the replay folder


def request(plant: Plant, name: str, **content: object) -> None:
    """Put a request beside a file in the replay folder."""
    content = content or {"actor": "Miller", "reason": "checked by hand"}
    (replay_dir(plant) / f"{name}.request.json").write_text(json.dumps(content))


def test_a_file_in_the_replay_folder_needs_a_request(plant: Plant) -> None:
    """The gateway shall leave a file without a readable request where it is, and say what is missing."""
    (replay_dir(plant) / NAME).write_bytes(confirmation(1))
    for content in (
        "",
        "[]",
        '{"actor": "Miller"}',
        '{"actor": null, "reason": "x"}',
        '{"actor": " ", "reason": "x"}',
        json.dumps({"actor": "Miller", "reason": "x"}) + 64 * 1024 * " ",
    ):
        if content:
            (replay_dir(plant) / f"{NAME}.request.json").write_text(content)
        (report,) = plant.run()
        assert report.is_troubled
        assert report.problems[0].error.code == "source-unavailable"
        assert report.problems[0].name == NAME
        assert plant.transfers() == []
    request(plant, NAME)
    plant.run()
    assert plant.states() == {NAME: DONE}
    assert plant.attempts(NAME)[0].actor == "Miller"
    assert list(replay_dir(plant).iterdir()) == []
    (entry,) = plant.trail(plant.transfer(NAME).id, "arrived")
    assert (entry.actor.name, entry.reason) == ("Miller", "checked by hand")
    assert [one["role"] for one in plant.manifest(NAME)["companions"]] == ["request"]
    plant.demand_proof()


def test_a_request_without_a_file_is_reported(plant: Plant) -> None:
    """The gateway shall say that a request has no file beside it."""
    request(plant, NAME)
    (report,) = plant.run()
    assert "no file beside it" in str(report.problems[0].error)


def test_a_route_may_have_a_default_reason(tmp_path: Path) -> None:
    """The gateway shall take a file without a request where the route has a reason for all of them."""
    plant = Plant.build(tmp_path / "site", route(replay_default_reason="released by the shift lead"))
    (replay_dir(plant) / NAME).write_bytes(confirmation(1))
    plant.run()
    assert plant.states() == {NAME: DONE}
    assert plant.attempts(NAME)[0].reason == "released by the shift lead"


def into_replay(how: Callable[..., object], plant: Plant, path: Path, name: str | None = None) -> None:
    how(path, replay_dir(plant) / (name or path.name))
    request(plant, name or path.name)


@pytest.mark.parametrize("how", [os.rename, shutil.copy2], ids=["moved", "copied"])
@pytest.mark.parametrize("called", [NAME, "try-this.csv"])
def test_a_failed_file_put_into_replay_is_tried_again(
    plant: Plant, how: Callable[..., object], called: str
) -> None:
    """The gateway shall take a failed file put into replay by hand as a new attempt at that very transfer."""
    repair = without_format(plant)
    plant.drop_confirmation(1)
    plant.run()
    repair()
    into_replay(how, plant, failed_dir(plant) / NAME, called)
    plant.run()
    (row,) = plant.transfers()
    assert (row.name, row.state, row.attempt) == (NAME, DONE, 2)
    assert [(one.actor, one.reason) for one in plant.attempts(NAME)][1:] == [("Miller", "checked by hand")]
    (entry,) = plant.trail(row.id, "reprocess-requested")
    assert (entry.actor.name, entry.reason) == ("Miller", "checked by hand")
    assert list(replay_dir(plant).iterdir()) == []
    assert list(failed_dir(plant).iterdir()) == []
    plant.demand_proof()


@pytest.mark.parametrize("how", [os.rename, shutil.copy2], ids=["moved", "copied"])
def test_a_processed_file_put_into_replay_is_delivered_again(
    plant: Plant, how: Callable[..., object]
) -> None:
    """The gateway shall replay a processed file put into replay, and have it in the archive again."""
    plant.drop_confirmation(1)
    plant.run()
    (plant.directory / "outbox" / "erp" / NAME).unlink()
    into_replay(how, plant, plant.directory / (plant.transfer(NAME).settled_path or ""))
    plant.run()
    (row,) = plant.transfers()
    assert (row.state, row.attempt) == (DONE, 2)
    assert plant.delivered() == [NAME]
    assert list(replay_dir(plant).iterdir()) == []
    plant.demand_proof()


def test_a_replay_whose_file_cannot_be_put_back_yet_stays_one_attempt(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway shall not begin a replay before its file is back; later it shall deliver it once."""
    from gateway.custody import moves
    from gateway.errors import CustodyError

    plant.drop_confirmation(1)
    plant.run()
    (plant.directory / "outbox" / "erp" / NAME).unlink()
    into_replay(os.rename, plant, plant.directory / (plant.transfer(NAME).settled_path or ""))

    def refuse(*_arguments: object) -> None:
        raise CustodyError("Cannot remove")

    with monkeypatch.context() as patched:
        patched.setattr(moves, "remove", refuse)
        (report,) = plant.run()
    assert [one.error.code for one in report.problems] == ["custody", "file-missing"]
    assert plant.states() == {NAME: State.REPLAY}
    plant.run()
    plant.run()
    assert [(row.state, row.attempt) for row in plant.transfers()] == [(DONE, 2)]
    assert plant.delivered() == [NAME]
    assert list(replay_dir(plant).iterdir()) == []
    plant.demand_proof()


def test_a_replay_that_waits_for_its_file_is_said(plant: Plant) -> None:
    """A replay that a stray file in the replay directory holds up shall be named in every pass."""
    plant.drop_confirmation(1)
    plant.run()
    (plant.directory / "outbox" / "erp" / NAME).unlink()
    row = plant.transfer(NAME)
    with plant.opened() as context:
        replay(context, [row.id], "the ERP lost it")
    place = plant.directory / (row.settled_path or "")
    place.rename(plant.directory / "elsewhere")
    stray = replay_dir(plant) / "note.txt"
    stray.write_text("no file of ours")
    for _ in range(2):
        (report,) = plant.run()
        assert [one.error.code for one in report.problems if one.transfer == row.id] == ["file-missing"]
        assert plant.states() == {NAME: State.REPLAY}
    (plant.directory / "elsewhere").rename(place)
    plant.run()
    assert plant.states() == {NAME: DONE}
    assert plant.delivered() == [NAME]
    stray.unlink()
    plant.demand_proof()


def test_a_duplicate_put_into_replay_is_processed(plant: Plant) -> None:
    """The gateway shall process a file set aside as a duplicate when somebody puts it into replay."""
    plant.drop_confirmation(1)
    plant.drop("CONF_MES01_0000001-again.csv", confirmation(1))
    plant.run()
    row = plant.transfer("CONF_MES01_0000001-again.csv")
    assert row.state is State.DUPLICATE
    into_replay(os.rename, plant, plant.directory / (row.settled_path or ""))
    plant.run()
    assert plant.states() == {NAME: DONE, row.name: DONE}
    assert plant.delivered() == sorted([NAME, row.name])
    plant.demand_proof()


def test_somebody_may_vouch_for_a_file_with_a_wrong_checksum(tmp_path: Path) -> None:
    """The gateway shall take a file that its checksum contradicts when somebody puts it into replay."""
    plant = Plant.build(tmp_path / "site", route(completeness="{require: [checksum], mismatch_after: 1s}"))
    plant.drop_confirmation(1)
    plant.drop(f"{NAME}.sha256", b"0" * 64)
    plant.run()
    plant.clock.advance(seconds=5)
    plant.run()
    assert plant.codes(NAME) == ["F213"]
    into_replay(os.rename, plant, failed_dir(plant) / NAME)
    plant.run()
    assert plant.states() == {NAME: DONE}
    assert plant.codes(NAME) == ["F213"]
    plant.demand_proof()


def test_a_crash_between_request_and_move_asks_only_once(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway shall finish after a crash what was asked for by moving a file into replay."""
    from gateway.custody import reopen

    fail(plant)
    into_replay(os.rename, plant, failed_dir(plant) / NAME)
    for step in ("put_back", "resume_move"):

        def crash(*_arguments: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(reopen, step, crash)
            with pytest.raises(KeyboardInterrupt):
                plant.run()
    plant.run()
    assert [(row.state, row.attempt) for row in plant.transfers()] == [(FAILED, 2)]
    assert list(replay_dir(plant).iterdir()) == []
    plant.demand_proof()


def test_an_edited_copy_of_a_failed_file_is_its_correction(plant: Plant) -> None:
    """The gateway shall link other bytes under a failed file's name to it, as its correction."""
    fail(plant)
    (replay_dir(plant) / NAME).write_bytes(confirmation(1))
    request(plant, NAME)
    plant.run()
    parent, child = plant.transfers()
    assert (parent.state, child.state, child.parent) == (FAILED, DONE, parent.id)
    assert parent.superseded_by == child.id
    assert [one.reason for one in plant.trail(parent.id, "corrected")] == ["checked by hand"]
    with plant.opened() as context:
        assert select(context, Selection(code="F302")) == []
    plant.demand_proof()


def test_replay_goes_on_while_the_source_is_away(plant: Plant) -> None:
    """The gateway shall carry out what people ask for although the source cannot be looked at."""
    fail(plant)
    shutil.rmtree(plant.inbox())
    (replay_dir(plant) / NAME).write_bytes(confirmation(1))
    request(plant, NAME)
    with plant.opened() as context:
        shutil.rmtree(context.layout.inbox("confirmations"), ignore_errors=True)
    plant.configure(route(source="{path: elsewhere/inbox, pattern: '*.csv'}"))
    (report,) = plant.run()
    assert "source-unavailable" in str(report.problems[0].error)
    assert plant.states() == {NAME: DONE}


def test_a_directory_in_the_replay_folder_is_reported(plant: Plant) -> None:
    """The gateway shall report what is no file in the replay folder, and go on with the others."""
    (replay_dir(plant) / "folder").mkdir()
    (replay_dir(plant) / NAME).write_bytes(confirmation(1))
    request(plant, NAME)
    (report,) = plant.run()
    assert [problem.name for problem in report.problems] == ["folder"]
    assert plant.states() == {NAME: DONE}


def test_a_request_for_the_same_file_twice_is_one_attempt(plant: Plant) -> None:
    """The gateway shall ask once for a file that is named twice."""
    fail(plant)
    with plant.opened() as context:
        rows = select(context, Selection((NAME, NAME, plant.transfer(NAME).id)))
        assert len(reprocess(context, rows, "twice")) == 1
    plant.run()
    assert plant.transfer(NAME).attempt == 2

"""Locked formats, effective dates and agreements with senders, as a pass over real files meets them."""

# ruff: noqa: E501 - what each test shows is one sentence

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import pipeline
from gateway.bundle import bundled
from gateway.config.loading import redacted
from gateway.errors import LedgerBusy, LockInvalid
from gateway.formats.catalogue import Catalogue
from gateway.formats.definition import Version
from gateway.ledger import audit
from gateway.model import State
from gateway.operations.format_desk import Desk
from gateway.operations.format_life import new_version, retire
from gateway.operations.reprocess import Selection, reprocess, select
from gateway.pipeline import run_routes
from gateway.stages import in_force
from gateway.stages.in_force import IN_FORCE, recall_lock
from tests.pipeline.plant import Plant, configuration, confirmation, lock_anew, name_of, route

NAME = name_of(1)
V110, V120 = Version(1, 1, 0), Version(1, 2, 0)
AGREED = "partners:\n  MES01: {versions: {confirmation: '>=1.1.0,<2'}}\n"


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return Plant.build(tmp_path / "site", route())


def edit(plant: Plant, version: str, old: str, new: str, *, lock: bool = True) -> None:
    """Change a site's format; ``lock`` as if it had always been so."""
    plant.own_formats = True
    path = plant.directory / "formats" / "confirmation" / version / "format.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    if lock:
        lock_anew(plant.directory / "formats")
        plant.accept_lock()


def configure(plant: Plant, text: str) -> None:
    (plant.directory / "config" / "gateway.yaml").write_text(text, encoding="utf-8")


def retire_and_put_back(plant: Plant, lock: Path, older: bytes) -> None:
    """Retire a version, and put the lock back as it was before."""
    with plant.opened() as other:
        recall_lock(other)
        retire(Desk(other.catalogue, other.actor, other), ("confirmation", V110), "the last sender moved")
    lock.write_bytes(older)


def test_a_changed_format_stops_its_own_files_and_no_others(plant: Plant) -> None:
    """The gateway shall leave files of a changed version where they are, name the file that changed, and go on with others."""
    edit(plant, "1.1.0", "title:", "title: Forged ", lock=False)
    plant.drop_confirmation(1)
    older = bundled("samples") / "confirmation" / "1.0.0" / "good" / "CONF_MES01_0000002.csv"
    plant.drop(name_of(2), older.read_bytes())
    (report,) = plant.run()
    assert plant.states() == {NAME: State.CLAIMED, name_of(2): State.PROCESSED}
    (problem,) = report.problems
    assert problem.error.code == "format-changed"
    assert "confirmation/1.1.0/format.yaml: the file was changed" in str(problem.error)
    edit(plant, "1.1.0", "title: Forged ", "title:", lock=False)
    plant.run()
    assert plant.states()[NAME] is State.PROCESSED
    plant.demand_proof()


def test_a_released_format_without_a_lock_stops_its_files(plant: Plant) -> None:
    """The gateway shall leave files where they are while their released version is not in the lock."""
    plant.own_formats = True
    (plant.directory / "formats" / "formats.lock").unlink()
    plant.drop_confirmation(1)
    (report,) = plant.run()
    assert [one.error.code for one in report.problems] == ["format-not-locked"]
    assert plant.states() == {NAME: State.CLAIMED}


def test_a_lock_that_is_broken_while_passes_run_is_seen_by_the_next_one(plant: Plant) -> None:
    """The gateway shall read a lock anew that changed between two passes of one run."""
    plant.own_formats = True
    lock = plant.directory / "formats" / "formats.lock"
    good = lock.read_bytes()
    with plant.working() as context:
        plant.drop_confirmation(1)
        run_routes(context)
        lock.write_bytes(good.replace(b"first release", b"second release"))
        plant.drop_confirmation(2)
        (report,) = run_routes(context)
        assert {one.error.code for one in report.problems} == {"format-lock-invalid"}
        lock.write_bytes(good)
        run_routes(context)
    assert plant.states() == {NAME: State.PROCESSED, name_of(2): State.PROCESSED}


@pytest.mark.parametrize("whole", [True, False])
def test_files_of_a_locked_version_that_is_gone_stay(plant: Plant, whole: bool) -> None:
    """The gateway shall not fail files because their locked version, or its definition, was taken away."""
    plant.own_formats = True
    version = plant.directory / "formats" / "confirmation" / "1.1.0"
    moved = version if whole else version / "format.yaml"
    moved.rename(plant.directory / "kept")
    plant.drop_confirmation(1)
    (report,) = plant.run()
    assert plant.states() == {NAME: State.CLAIMED}
    assert "1.1.0/format.yaml: the file is missing since the release" in str(report.problems[0].error)
    (plant.directory / "kept").rename(moved)
    plant.run()
    assert plant.states() == {NAME: State.PROCESSED}


@pytest.mark.parametrize("left", ["older copy", "none"])
def test_a_lock_that_lost_an_entry_is_used_only_once_somebody_accepts_it(plant: Plant, left: str) -> None:
    """The gateway shall take no files while its lock lacks what the site worked with, until it is accepted on record."""
    plant.own_formats = True
    lock = plant.directory / "formats" / "formats.lock"
    older = lock.read_bytes()
    with plant.opened() as context:
        desk = Desk(context.catalogue, context.actor, context)
        retire(desk, ("confirmation", V110), "the last sender moved")
    if left == "older copy":
        lock.write_bytes(older)
    else:
        lock.unlink()
    plant.drop_confirmation(1)
    (report,) = plant.run()
    assert [one.error.code for one in report.problems] == ["format-lock-invalid"]
    assert plant.states() == {NAME: State.CLAIMED}
    with plant.opened() as context:
        recall_lock(context)
        desk = Desk(context.catalogue, context.actor, context)
        with pytest.raises(LockInvalid, match="written anew"):
            retire(desk, ("confirmation", Version(1, 0, 0)), "on top of the wrong lock")
    lock.write_bytes(older)
    plant.accept_lock()
    plant.run()
    assert plant.states() == {NAME: State.PROCESSED}
    with plant.opened() as context, context.ledger.read() as connection:
        (accepted,) = audit.read(connection, action="lock-accepted")
        newest = audit.read(connection, action=IN_FORCE, limit=1)[0]
    assert accepted.entry.reason == "a test changed the formats"
    assert dict(newest.entry.new or {})["lock"]["head"] == dict(accepted.entry.new or {})["lock"]["head"]


def test_a_service_knows_what_others_did_to_the_lock_while_it_runs(plant: Plant) -> None:
    """A lock that was put back between two passes shall be refused by who runs, and used once it is accepted."""
    plant.own_formats = True
    lock = plant.directory / "formats" / "formats.lock"
    older = lock.read_bytes()
    with plant.working() as context:
        run_routes(context)
        with plant.opened() as other:
            recall_lock(other)
            desk = Desk(other.catalogue, other.actor, other)
            retire(desk, ("confirmation", V110), "the last sender moved")
        lock.write_bytes(older)
        plant.drop_confirmation(1)
        said = [one.error.code for report in run_routes(context) for one in report.problems]
        assert said == ["format-lock-invalid"]
        plant.accept_lock()
        assert [report.problems for report in run_routes(context)] == [[]]
    assert plant.states() == {NAME: State.PROCESSED}


def test_a_lock_that_is_accepted_while_its_refusal_is_put_on_record_is_used(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What somebody accepted shall not be refused by an entry of who looked before and wrote afterwards."""
    plant.own_formats = True
    lock = plant.directory / "formats" / "formats.lock"
    older = lock.read_bytes()

    def accepted_meanwhile(directory: Path) -> object:
        plant.accept_lock()
        return redacted(directory)

    with plant.working() as context:
        run_routes(context)
        retire_and_put_back(plant, lock, older)
        with monkeypatch.context() as patched:
            patched.setattr(in_force, "redacted", accepted_meanwhile)
            run_routes(context)
        plant.drop_confirmation(1)
        assert [report.problems for report in run_routes(context)] == [[]]
    assert plant.states() == {NAME: State.PROCESSED}


@pytest.mark.parametrize("step", ["recall_lock", "note_configuration"])
def test_formats_that_cannot_be_put_on_record_yet_are_seen_again(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A lock that was put back while the ledger is busy shall be refused, and be on record, once it is not."""
    plant.own_formats = True
    lock = plant.directory / "formats" / "formats.lock"
    older = lock.read_bytes()

    def refuse(_context: object) -> None:
        raise LedgerBusy("Somebody writes")

    with plant.working() as context:
        run_routes(context)
        retire_and_put_back(plant, lock, older)
        with monkeypatch.context() as patched:
            patched.setattr(pipeline, step, refuse)
            said = [one.error.code for report in run_routes(context) for one in report.problems]
            assert said == ["ledger-busy"]
        run_routes(context)
        plant.drop_confirmation(1)
        said = [one.error.code for report in run_routes(context) for one in report.problems]
        assert said == ["format-lock-invalid"]
        with context.ledger.read() as connection:
            newest = audit.newest(connection, IN_FORCE)
    assert newest is not None
    assert "problem" in dict(newest.entry.new or {})["lock"]


def test_a_lock_with_all_its_entries_needs_no_acceptance(plant: Plant) -> None:
    """The gateway shall put nothing on record where there is nothing to accept."""
    plant.own_formats = True
    plant.run()
    plant.accept_lock()
    with plant.opened() as context, context.ledger.read() as connection:
        assert audit.read(connection, action="lock-accepted") == []


def test_a_change_and_its_repair_between_two_passes_are_on_record(plant: Plant) -> None:
    """The gateway shall put on record that a version was changed while it ran, and that it was put back."""
    plant.own_formats = True
    with plant.working() as context:
        run_routes(context)
        edit(plant, "1.1.0", "title:", "title: Forged ", lock=False)
        run_routes(context)
        run_routes(context)
        edit(plant, "1.1.0", "title: Forged ", "title:", lock=False)
        run_routes(context)
        with context.ledger.read() as connection:
            said = [one.entry.new or {} for one in audit.read(connection, action=IN_FORCE)]
    assert [one["lock"]["versions"]["confirmation 1.1.0"] for one in said] == ["locked", "CHANGED", "locked"]


def test_a_service_takes_up_a_version_that_was_made_while_it_runs(plant: Plant) -> None:
    """The gateway shall find new versions between two passes of one run, and put on record what is in force."""
    plant.own_formats = True
    with plant.working() as context:
        run_routes(context)
        new_version(Desk(Catalogue.load(context.site.formats), context.actor), ("confirmation", V110), V120)
        run_routes(context)
        run_routes(context)
        with context.ledger.read() as connection:
            first, second = (one.entry.new or {} for one in audit.read(connection, action=IN_FORCE))
    assert "confirmation 1.2.0" not in first["formats"]
    assert second["lock"]["versions"]["confirmation 1.2.0"] == "draft"


def test_the_lock_in_force_is_in_the_audit_trail(plant: Plant) -> None:
    """The gateway shall record with which lock a pass began, and how each version stood to it."""
    plant.run()
    edit(plant, "1.1.0", "title:", "title: Forged ", lock=False)
    plant.run()
    with plant.opened() as context, context.ledger.read() as connection:
        first, second = (one.entry.new or {} for one in audit.read(connection, action=IN_FORCE))
    assert len(first["lock"]["head"]) == 64
    assert first["lock"]["versions"]["confirmation 1.1.0"] == "locked"
    assert second["lock"]["versions"]["confirmation 1.1.0"] == "CHANGED"
    assert second["lock"]["versions"]["confirmation 2.0.0"] == "draft"


def outside(plant: Plant) -> None:
    """Let version 1.1.0 be in force until yesterday of the plant."""
    yesterday = (datetime.now(UTC) - timedelta(days=2)).date().isoformat()
    edit(plant, "1.1.0", 'from: "2024-03-01"', f'from: "2024-03-01"\n  until: "{yesterday}"')


@pytest.mark.parametrize(
    ("policy", "state", "codes"),
    [
        ("enforce", State.FAILED, ["F214"]),
        ("note", State.PROCESSED, ["F214"]),
        ("ignore", State.PROCESSED, []),
    ],
)
def test_a_file_outside_the_effective_dates_is_treated_as_the_route_says(
    plant: Plant, policy: str, state: State, codes: list[str]
) -> None:
    """The gateway shall fail, note or accept a file whose version was not in force when it arrived."""
    plant.configure(route(effective_dates=policy))
    outside(plant)
    plant.drop_confirmation(1)
    plant.run()
    assert plant.states() == {NAME: state}
    assert plant.codes(NAME) == codes


def test_the_day_of_arrival_counts_however_late_a_file_is_tried_again(plant: Plant) -> None:
    """The gateway shall judge a reprocessed file by the day on which it arrived, not by today."""
    digits = "digits: 13\n        decimals: 3"
    edit(plant, "1.1.0", digits, digits.replace("13", "4"))
    plant.drop_confirmation(1)
    plant.run()
    assert plant.states() == {NAME: State.FAILED}
    edit(plant, "1.1.0", digits.replace("13", "4"), digits)
    today = datetime.now(UTC).date() + timedelta(days=1)
    edit(plant, "1.1.0", 'from: "2024-03-01"', f'from: "2024-03-01"\n  until: "{today}"')
    plant.clock.advance(days=1000)
    with plant.opened() as context:
        reprocess(context, select(context, Selection((NAME,))), "the format was wrong", ())
    plant.run()
    assert plant.states() == {NAME: State.PROCESSED}


@pytest.mark.parametrize(
    ("sender", "layout", "state", "said"),
    [
        ("MES01", "1.1", State.PROCESSED, None),
        ("MES01", "1.0", State.FAILED, "the sender MES01 may send: >=1.1.0,<2"),
        ("MES01", "2.0", State.FAILED, "the route accepts: 1.1.0, 1.0.0"),
        ("MES02", "1.1", State.PROCESSED, None),
    ],
)
def test_a_sender_sends_what_was_agreed_with_it(
    plant: Plant, sender: str, layout: str, state: State, said: str | None
) -> None:
    """The gateway shall refuse a version outside the sender's range or the route's, and say which of them refused."""
    configure(plant, configuration(route(versions='"<2"')) + AGREED)
    plant.drop(name_of(1, sender), confirmation(1, sender=sender, layout=layout))
    plant.run()
    row = plant.transfer(name_of(1, sender))
    assert row.state is state
    if said:
        assert plant.codes(row.name) == ["F209"]
        assert said in str(row.reason)


def test_a_file_that_states_nothing_is_refused_with_the_reason_of_its_sender(plant: Plant) -> None:
    """The gateway shall say that the sender's agreement leaves no version, where a file states none either."""
    configure(plant, configuration(route()) + AGREED.replace(">=1.1.0,<2", ">=7"))
    plant.drop(NAME, b"nothing;that;anybody;knows\r\n")
    plant.run()
    assert plant.codes(NAME) == ["F209"]
    assert "the sender MES01 may send: >=7" in str(plant.transfer(NAME).reason)


def test_the_partner_of_the_route_counts_where_a_file_names_no_sender(plant: Plant) -> None:
    """The gateway shall ask for the agreement with the route's own sender where the route fixes it."""
    agreed = AGREED.replace("MES01", "LINE9")
    configure(plant, configuration(route(sender="LINE9")) + agreed)
    plant.drop(NAME, confirmation(1, layout="2.0"))
    plant.run()
    assert "the sender LINE9 may send" in str(plant.transfer(NAME).reason)

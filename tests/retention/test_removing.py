"""Removal: planned, approved by another person, applied; tombstones stay and everything verifies."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.custody.tombstone import read_tombstone
from gateway.errors import ActionRefused, ReasonMissing
from gateway.ledger.retention import Run
from gateway.model import Actor, State
from gateway.operations.correct import correct
from gateway.operations.removing import Applied, apply
from gateway.operations.reprocess import forecast, replay
from gateway.operations.retention import approve, plan, withdraw
from gateway.stages.context import Context
from tests.pipeline.plant import Plant, confirmation, name_of


@contextmanager
def acting(plant: Plant, name: str) -> Iterator[Context]:
    """Open the site as somebody."""
    with plant.opened() as context:
        context.actor = Actor(name, "operator", "here")
        yield context


def planned(plant: Plant) -> Run:
    """Let anna plan."""
    with acting(plant, "anna") as context:
        return plan(context, "their time is over")


def approved(plant: Plant) -> Run:
    """Let anna plan and bert approve."""
    run = planned(plant)
    with acting(plant, "bert") as context:
        return approve(context, run.id, run.plan_sha256[:12], "looked at the list")


def applied(plant: Plant, run: Run) -> Applied:
    """Let carl carry it out."""
    with acting(plant, "carl") as context:
        return apply(context, run.id)


def check_lists(plant: Plant) -> None:
    """Let `sha256sum -c` read every day list."""
    for path in plant.directory.glob("*/*/*/manifest-sha256.txt"):
        subprocess.run(["sha256sum", "-c", "--strict", "--quiet", path.name], cwd=path.parent, check=True)


def test_what_was_approved_is_removed_and_everything_verifies(plant: Plant) -> None:
    """Files shall go, manifests stay beside tombstones; coreutils and `gateway verify` shall be content."""
    run = approved(plant)
    assert run.plan["totals"]["files"] == 5
    done = applied(plant, run)
    assert (done.run.state, done.removed, done.left_total) == ("done", 5, 0)
    for file in run.plan["files"]:
        place = plant.directory / file["path"]
        assert not place.exists()
        assert place.with_name(f"{place.name}.manifest.json").exists()
        stone = read_tombstone(f"{place}.tombstone.json").data
        assert stone["removed"][0]["sha256"] == file["sha256"]
        assert stone["retention"]["approved_by"] == "bert"
    assert len(list(plant.directory.rglob("*.tombstone.json"))) == 5
    assert not list(plant.directory.glob("failed/*/*3.csv.report.txt"))
    assert list(plant.directory.glob("failed/*/*4.csv"))
    check_lists(plant)
    plant.demand_proof()


def test_a_removed_file_is_still_known_and_nothing_can_be_done_with_it(plant: Plant) -> None:
    """A copy shall still be a duplicate; replay, forecast and correction shall name the run and the day."""
    run = approved(plant)
    applied(plant, run)
    row = plant.transfer(name_of(1))
    failed = next(one for one in plant.transfers() if one.superseded_by)
    with plant.opened() as context:
        for refused in (
            lambda: replay(context, [row.id], "again"),
            lambda: forecast(context, [plant.transfer("again.csv")]),
            lambda: correct(context, failed, plant.directory / "config" / "gateway.yaml", "again"),
        ):
            with pytest.raises(
                ActionRefused, match=rf"was removed 20\d\d-\d\d-\d\d by retention run {run.id}"
            ):
                refused()
    plant.demand_proof()


def test_another_person_approves_the_very_plan(plant: Plant) -> None:
    """Nobody shall approve without a reason, by another digest, or what they planned themselves."""
    run = planned(plant)
    for who, digest, reason, error in (
        ("bert", run.plan_sha256, " ", ReasonMissing),
        ("bert", "0" * 64, "yes", ActionRefused),
        ("bert", run.plan_sha256[:6], "yes", ActionRefused),
        (" ANNA", run.plan_sha256, "yes", ActionRefused),
    ):
        with acting(plant, who) as context, pytest.raises(error):
            approve(context, run.id, digest, reason)
    with acting(plant, "carl") as context, pytest.raises(ActionRefused, match="not approved"):
        apply(context, run.id)
    with acting(plant, "anna") as context:
        withdraw(context, run.id, "not yet")
    with acting(plant, "bert") as context, pytest.raises(ActionRefused, match="is withdrawn"):
        approve(context, run.id, run.plan_sha256, "yes")
    assert len(plant.trail(run.id, "retention-withdrawn")) == 1
    plant.demand_proof()


def test_what_has_changed_since_is_left_and_reported(plant: Plant) -> None:
    """A file that is replayed, or was altered, shall stay, and the reason shall be said."""
    run = approved(plant)
    with plant.opened() as context:
        replay(context, [plant.transfer(name_of(1)).id], "they lost it")
    altered = plant.directory / (plant.transfer(name_of(2)).settled_path or "")
    altered.write_bytes(altered.read_bytes() + b"x")
    done = applied(plant, run)
    why = {key: text for key, _path, text in done.left}
    assert why[plant.transfer(name_of(1)).id] == "it is replay"
    assert "not those of its manifest" in why[plant.transfer(name_of(2)).id]
    assert (done.removed, done.left_total, done.run.state) == (3, 2, "done")
    assert altered.exists()
    assert plant.transfer(name_of(1)).state is State.REPLAY
    check = plant.trail(run.id, "retention-applied")[0].new or {}
    assert (check["removed"], check["left"]) == (3, 2)


def test_a_legal_hold_keeps_what_was_approved(plant: Plant) -> None:
    """A hold that came after the approval shall keep every file that it is about."""
    run = approved(plant)
    file = plant.directory / "config" / "gateway.yaml"
    hold = "{keep: 10y}], legal_holds: [{reason: inspection 17, routes: [confirmations]}"
    file.write_text(file.read_text().replace("{keep: 10y}", hold))
    done = applied(plant, run)
    assert (done.removed, done.left_total) == (0, 5)
    assert {text for *_place, text in done.left} == {"it is on legal hold: inspection 17"}
    with acting(plant, "anna") as context, pytest.raises(ActionRefused, match="no file whose time is over"):
        plan(context, "again")


def test_a_forged_plan_is_not_carried_out(plant: Plant) -> None:
    """A plan changed after its approval, or approved without an entry in the trail, shall not be applied."""
    from sqlalchemy import update

    from gateway.ledger.tables import retention_runs

    run = approved(plant)
    with plant.opened() as context, context.ledger.write() as connection:
        forged = {**run.plan, "files": run.plan["files"][:1]}
        connection.execute(update(retention_runs).values(plan=forged))
    with acting(plant, "carl") as context, pytest.raises(ActionRefused, match="not the one that was put on"):
        apply(context, run.id)
    second = planned(plant)
    with plant.opened() as context, context.ledger.write() as connection:
        values = {"state": "approved", "approved_by": "bert", "approved_at": second.planned_at}
        connection.execute(update(retention_runs).where(retention_runs.c.id == second.id).values(values))
    with acting(plant, "carl") as context, pytest.raises(ActionRefused, match="does not tell"):
        apply(context, second.id)


def test_a_plan_says_what_it_is_about(plant: Plant) -> None:
    """The digest shall be that of the plan's canonical JSON, and the totals those of its files."""
    import hashlib

    run = dataclasses.replace(planned(plant))
    text = json.dumps(run.plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(text.encode()).hexdigest() == run.plan_sha256
    assert run.plan["totals"]["bytes"] == sum(one["bytes"] for one in run.plan["files"])
    assert run.plan["totals"]["bytes"] >= 3 * len(confirmation(1))
    assert run.plan["has_more"] is False

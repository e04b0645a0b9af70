"""`gateway reprocess` and `gateway replay`: a new attempt, asked for by somebody, for a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.plant import GOOD, LATER, ORDER, WRONG, Plant, sample

_NAME = Path(WRONG).name


def _state(plant: Plant) -> object:
    """Return everything that an action could have changed."""
    return plant.json("status")["routes"], plant.json("audit", "log")


@pytest.mark.parametrize(
    "action",
    [
        ["reprocess", _NAME],
        ["reprocess", "--code", "F302"],
        ["reprocess", _NAME, "--corrected", str(sample(GOOD.format(2)))],
        ["replay", "CONF_MES01_0000001.csv"],
        ["hold", "release", "CONF_MES01_0000001.csv"],
        ["sequence", "waive", "confirmations", "3"],
        ["sequence", "reset", "confirmations", "9"],
    ],
    ids=lambda action: " ".join(action[:2]),
)
@pytest.mark.parametrize("reason", [[], ["--reason", ""], ["--reason", "  "]], ids=["none", "empty", "blank"])
def test_an_action_without_a_reason_is_refused_before_anything_changes(
    action: list[str], reason: list[str], busy: Plant
) -> None:
    """Every action that changes something needs a reason; without one it leaves with 2 and no trace."""
    before = _state(busy)
    result = busy.run(*action, *reason)
    assert result.exit_code == 2
    assert result.stderr.startswith("gateway: [reason-missing] ")
    assert _state(busy) == before


def test_a_reprocess_is_taken_by_the_next_pass_and_recorded(failing: Plant) -> None:
    """A reprocess asks for a new attempt; the pass carries it out; the trail has who and why."""
    said = failing.done("--actor", "anna", "reprocess", _NAME, "--reason", "codes were added")
    assert said == "1 file will be tried again by the next pass (gateway run --once).\n"
    assert failing.json("failed", "show", _NAME)["state"] == "replay"
    assert failing.run("run", "--once").exit_code == 1
    data = failing.json("failed", "show", _NAME)
    assert (data["state"], data["attempt"]) == ("failed", 2)
    assert [(one["actor"], one["reason"]) for one in data["attempts"]][1] == ("anna", "codes were added")
    entry = failing.json("audit", "log", _NAME, "--action", "reprocess-requested")[0]
    assert (entry["actor"], entry["role"], entry["reason"]) == ("anna", "operator", "codes were added")


def test_a_choice_by_code_takes_every_failed_file_that_has_it(failing: Plant) -> None:
    """--code and --route choose failed files; those that do not fit stay as they are."""
    failing.drop("orders", b"no xml", "broken.xml")
    failing.run("run", "--once")
    asked = failing.json("reprocess", "--code", "F302", "--route", "confirmations", "--reason", "again")
    assert [(row["name"], row["attempt"]) for row in asked] == [(_NAME, 2)]
    assert failing.json("failed", "show", "broken.xml")["state"] == "failed"


def test_a_choice_that_nothing_fits_changes_nothing(failing: Plant) -> None:
    """Where no failed file fits, that is said and nothing is changed."""
    said = failing.done("reprocess", "--code", "F101", "--reason", "again")
    assert said == "No failed file fits; nothing was changed.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name transfers, or choose failed ones"),
        ([_NAME, "--code", "F302"], "not both"),
        ([_NAME, "--allow", "everything"], "'everything' cannot be allowed. Possible: resend, conflict"),
        (["nowhere.csv"], "There is no transfer 'nowhere.csv'"),
        (["CONF_MES01_0000001.csv"], "A processed file is delivered again with `gateway replay`"),
        (["--code", "F302", "--route", "nowhere"], "There is no route 'nowhere'"),
        ([_NAME, "--corrected", "nowhere.csv"], "does not exist"),
        (["--route", "orders", "--corrected", str(sample(ORDER))], "takes one transfer; 0 are chosen"),
    ],
    ids=lambda value: " ".join(value)[:30] if isinstance(value, list) else "",
)
def test_a_reprocess_that_cannot_be_meant_is_refused(arguments: list[str], said: str, failing: Plant) -> None:
    """What cannot be meant is refused with 2 and with what is possible."""
    result = failing.run("reprocess", *arguments, "--reason", "again")
    assert result.exit_code == 2
    assert said in result.stderr
    assert failing.json("failed", "show", _NAME)["state"] == "failed"


def test_the_same_file_named_twice_is_asked_for_once(failing: Plant) -> None:
    """A transfer named by id and by name is one transfer."""
    asked = failing.json("reprocess", _NAME, failing.transfer(_NAME), "--reason", "again")
    assert len(asked) == 1


def test_a_dry_run_foretells_and_changes_nothing(failing: Plant) -> None:
    """A dry run needs no reason, tells what a pass would decide, and leaves no trace."""
    before = _state(failing)
    text = " ".join(failing.done("reprocess", _NAME, "--dry-run").split())
    assert f"{failing.transfer(_NAME)} failed 12 no {_NAME}" in text
    assert text.endswith("Nothing was changed (dry run).")
    (data,) = failing.json("reprocess", _NAME, "--dry-run")
    assert (data["outcome"], data["errors"], data["verdict"]) == ("failed", 12, None)
    assert _state(failing) == before


def test_a_dry_run_foretells_duplicates_and_what_would_be_allowed(failing: Plant) -> None:
    """A dry run of a conflict says that it would fail again, and with --allow that it would go."""
    changed = sample(GOOD.format(1)).read_bytes().replace(b";DISP-01;", b";DISP-02;")
    failing.drop("confirmations", changed, "CONF_MES01_0000001.csv")
    failing.run("run", "--once")
    conflict = failing.json("failed", "list", "--code", "F702")[0]["transfer"]
    (told,) = failing.json("reprocess", conflict, "--dry-run")
    assert (told["outcome"], told["verdict"]) == ("failed", "conflict")
    (allowed,) = failing.json(
        "reprocess", conflict, "--dry-run", "--allow", "conflict", "--allow", "record-duplicate"
    )
    assert allowed["outcome"] == "delivering"


def test_a_corrected_file_is_linked_compared_and_delivered(failing: Plant, tmp_path: Path) -> None:
    """A corrected file becomes a transfer of its own, linked both ways, and its changes are shown."""
    corrected = tmp_path / "corrected.csv"
    corrected.write_bytes(sample(GOOD.format(2)).read_bytes())
    said = failing.done("reprocess", _NAME, "--corrected", str(corrected), "--reason", "sent anew by MES")
    child = failing.json("failed", "list", "--all")[0]["superseded_by"]
    assert f"Taken as transfer {child}, linked to " in said
    assert "fields differ" in said
    failing.run("run", "--once")
    assert corrected.is_file(), "the operator's file is left alone"
    new = failing.json("failed", "show", child)
    assert new["parent"] == failing.json("failed", "list", "--all")[-1]["transfer"]
    assert new["state"] in ("processed", "failed", "held")
    assert failing.json("failed", "list", "--code", "F302") == []


def test_a_dry_run_of_a_correction_shows_the_difference_alone(failing: Plant, tmp_path: Path) -> None:
    """The difference to a corrected file can be seen without doing anything."""
    corrected = tmp_path / "corrected.csv"
    corrected.write_bytes(sample(WRONG).read_bytes().replace(b";1O,5;", b";10,5;", 1))
    before = _state(failing)
    data = failing.json("reprocess", _NAME, "--corrected", str(corrected), "--dry-run")
    (change,) = data["difference"]["changes"]
    assert (change["line"], change["column"]) == (2, "scrap_quantity")
    assert (change["old"], change["new"]) == ("1O,5", "10,5")
    assert data["corrected"] is None
    text = failing.done("reprocess", _NAME, "--corrected", str(corrected), "--dry-run")
    assert text.startswith("1 field differs\n")
    assert _state(failing) == before


def test_a_corrected_file_cannot_be_corrected_away_twice(failing: Plant) -> None:
    """A failed file that has a correction already is refused, with the id of the correction."""
    good = str(sample(LATER.format(3)))
    failing.done("reprocess", _NAME, "--corrected", good, "--reason", "first")
    child = failing.json("failed", "list", "--all")[0]["superseded_by"]
    failed = failing.json("failed", "list", "--all")[0]["transfer"]
    again = failing.run("reprocess", failed, "--corrected", good, "--reason", "second")
    assert again.exit_code == 2
    assert child in again.stderr


def test_a_replay_delivers_a_processed_file_again(failing: Plant) -> None:
    """A processed file is delivered again from the archive, and the archive still verifies."""
    target = failing.directory / "outbox" / "erp" / "CONF_MES01_0000001.csv"
    target.unlink()
    said = failing.done("replay", "CONF_MES01_0000001.csv", "--reason", "the ERP lost it")
    assert said == "1 file will be delivered again by the next pass (gateway run --once).\n"
    assert failing.run("run", "--once").exit_code == 0
    assert target.read_bytes() == sample(GOOD.format(1)).read_bytes()
    assert failing.run("verify").exit_code == 0


def test_only_processed_files_are_replayed(failing: Plant) -> None:
    """A failed file is not replayed; one wrong name among several changes none."""
    result = failing.run("replay", "CONF_MES01_0000001.csv", _NAME, "--reason", "again")
    assert result.exit_code == 2
    assert "only processed files are replayed" in result.stderr
    assert failing.json("failed", "show", "CONF_MES01_0000001.csv")["state"] == "processed"


def test_who_acts_is_the_actor_the_environment_or_the_person_behind_sudo(failing: Plant) -> None:
    """The trail names --actor, else GATEWAY_ACTOR, else the person behind sudo."""
    asked = ("reprocess", _NAME, "--reason", "again")
    failing.run(*asked, SUDO_USER="carl")
    for environment in ({"GATEWAY_ACTOR": "berta", "SUDO_USER": "carl"}, {}):
        failing.run("run", "--once")
        arguments = asked if environment else ("--actor", "anna", *asked)
        assert failing.run(*arguments, **environment).exit_code == 0
    entries = failing.json("audit", "log", "--action", "reprocess-requested")
    assert [entry["actor"] for entry in entries] == ["carl", "berta", "anna"]

"""`gateway verify` and `gateway audit`: proof that everything is where and what the records say."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.plant import GOOD, Plant


def _archived(plant: Plant) -> Path:
    return plant.directory / str(plant.json("failed", "show", "CONF_MES01_0000001.csv")["path"])


def test_an_untouched_site_verifies(busy: Plant) -> None:
    """Where nothing was touched, all is as recorded, and the numbers of what was read are said."""
    text = busy.done("verify")
    assert text.endswith("checked: everything is as recorded.\n")
    data = busy.json("verify")
    assert data["files"] > 10
    assert data["totals"] == {"altered": 0, "missing": 0, "unexpected": 0, "leftover": 0}
    assert data["audit"] == {"entries": len(busy.json("audit", "log", "--limit", "9999")), "problems": []}


def test_an_altered_file_is_named_with_both_digests(failing: Plant) -> None:
    """A changed byte in the archive leaves with 60 and shows path, recorded and found digest."""
    path = _archived(failing)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_bytes(path.read_bytes().replace(b"480", b"481", 1))
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    result = failing.run("verify")
    assert result.exit_code == 60
    assert "ALTERED (1): there, with other bytes than recorded" in result.stdout
    assert f"  {path.relative_to(failing.directory)}\n" in result.stdout
    assert f"recorded {before}" in result.stdout
    assert f"found    {after}" in result.stdout


def test_missing_and_unexpected_files_are_told_apart(failing: Plant) -> None:
    """A removed file is missing, a foreign one unexpected; each is listed under its own name."""
    path = _archived(failing)
    path.rename(path.with_name("elsewhere.csv"))
    data = failing.json("verify")
    assert [Path(one["path"]).name for one in data["missing"]] == [path.name]
    assert [Path(one["path"]).name for one in data["unexpected"]] == ["elsewhere.csv"]
    assert data["totals"]["altered"] == 0


def test_a_site_at_work_is_verified_with_a_word_of_caution(failing: Plant) -> None:
    """While a gateway works on the site, the check runs and says that it may see files in motion."""
    from gateway.custody.guard import SiteGuard

    with SiteGuard(failing.directory):
        result = failing.run("verify")
    assert result.exit_code == 0
    assert "A gateway works on this site" in result.stderr


def _tamper(plant: Plant, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(plant.directory / "ledger" / "gateway.db")) as ledger, ledger:
        ledger.execute(statement)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE audit SET actor = 'nobody' WHERE sequence = 3", "audit-altered"),
        ("DELETE FROM audit WHERE sequence = 3", "audit-missing"),
        ("DELETE FROM audit WHERE sequence > 3", "audit-truncated"),
    ],
)
def test_a_tampered_trail_is_shown_by_both_checks(statement: str, code: str, failing: Plant) -> None:
    """A changed, removed or cut off entry leaves with 61 and is named, by `audit verify` and `verify`."""
    _tamper(failing, statement)
    result = failing.run("audit", "verify")
    assert result.exit_code == 61
    assert f"! {code}: " in result.stderr
    assert failing.json("audit", "verify")["problems"][0]["code"] == code
    whole = failing.run("verify")
    assert whole.exit_code == 61
    assert f"AUDIT TRAIL: {code}" in whole.stdout


def test_an_untouched_trail_is_whole(busy: Plant) -> None:
    """A trail that nobody touched is said to be whole."""
    assert busy.done("audit", "verify").endswith("checked: the trail is whole.\n")


def test_the_log_says_who_did_what_to_which_file_and_why(failing: Plant) -> None:
    """The log shows time, actor, action, object, what changed and why, oldest first."""
    failing.done("--actor", "anna", "reprocess", "--code", "F302", "--reason", "codes were added")
    text = " ".join(failing.done("audit", "log", "--by", "anna").split())
    wrong = failing.json("failed", "show", "CONF_MES02_0000101-wrong-values.csv")["transfer"]
    assert f"anna reprocess-requested {wrong} why: codes were added" in text
    assert "state failed -> replay" in text
    sequences = [row["sequence"] for row in failing.json("audit", "log")]
    assert sequences == sorted(sequences)


def test_the_log_can_be_narrowed(busy: Plant) -> None:
    """Object, action, actor and time choose entries; the newest are kept where a limit cuts."""
    name = "CONF_MES01_0000004.csv"
    actions = [row["action"] for row in busy.json("audit", "log", name)]
    assert actions == ["arrived", "claimed", "held"]
    assert busy.json("audit", "log", "--by", "nobody") == []
    assert busy.json("audit", "log", "--until", "2001-01-01") == []
    every = busy.json("audit", "log", "--limit", "9999")
    assert busy.json("audit", "log", "--limit", "2") == every[-2:]
    assert "--limit shows more" in busy.done("audit", "log", "--limit", "2")
    assert {row["action"] for row in busy.json("audit", "log", "--action", "held")} == {"held"}
    assert busy.json("audit", "log", "--since", every[-1]["at"])[-1] == every[-1]


def test_a_log_of_a_file_that_never_came_is_refused(busy: Plant) -> None:
    """An object that does not exist is an error, not an empty log; an unknown stream has no entries."""
    assert busy.run("audit", "log", "nowhere.csv").exit_code == 2
    assert busy.done("audit", "log", "confirmations/NOBODY") == "No entry fits.\n"


def test_the_export_can_be_verified_without_the_gateway(busy: Plant, tmp_path: Path) -> None:
    """The exported lines hold each entry as it was hashed, chained from the first to the last."""
    out = tmp_path / "audit.jsonl"
    said = busy.done("audit", "export", str(out))
    lines = out.read_bytes().splitlines()
    assert said == f"{len(lines)} entries written to {out}\n"
    previous = hashlib.sha256(b"plant-gateway audit trail").hexdigest()
    for number, line in enumerate(lines, 1):
        entry = line[83:-1]
        found = json.loads(entry)
        assert (found["sequence"], found["previous"]) == (number, previous)
        previous = hashlib.sha256(entry).hexdigest()
        assert json.loads(line)["hash"] == previous


def test_an_export_overwrites_nothing(busy: Plant, tmp_path: Path) -> None:
    """A file that is there already is left alone; one that cannot be made is a coded error."""
    out = tmp_path / "audit.jsonl"
    out.write_text("mine")
    refused = busy.run("audit", "export", str(out))
    assert refused.exit_code == 2
    assert out.read_text() == "mine"
    assert busy.run("audit", "export", str(tmp_path / "no" / "audit.jsonl")).exit_code == 40


def test_a_replayed_file_still_verifies_while_it_is_on_its_way(failing: Plant) -> None:
    """Between the request and the pass of a replay the archive is as recorded."""
    name = Path(GOOD.format(1)).name
    failing.done("replay", name, "--reason", "the ERP lost it")
    assert failing.run("verify").exit_code == 0

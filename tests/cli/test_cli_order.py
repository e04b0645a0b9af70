"""`gateway hold`, `gateway sequence` and `gateway duplicates`: what came in which order, and what twice."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.plant import LATER, Plant

_FOUR, _SIX = Path(LATER.format(4)).name, Path(LATER.format(6)).name


def test_a_held_file_waits_for_its_own_gaps_only(gapped: Plant) -> None:
    """Each held file says what it waits for and since when; gaps behind it are not among that."""
    rows = {row["name"]: row for row in gapped.json("hold", "list")}
    waits = {name: [gap["first"] for gap in row["waiting_for"]] for name, row in rows.items()}
    assert waits == {_FOUR: ["0000003"], _SIX: ["0000003", "0000005"]}
    since = datetime.fromisoformat(rows[_FOUR]["since"])
    assert since <= datetime.fromisoformat(gapped.json("status")["at"])
    text = gapped.done("hold", "list")
    assert "0000004 of confirmations/MES01 waits for 0000003; deadline " in text
    assert "0000006 of confirmations/MES01 waits for 0000003, 0000005; deadline " in text


def test_nothing_held_is_said(plant: Plant) -> None:
    """An empty list is said in words."""
    assert plant.done("hold", "list") == "No file is held.\n"


def test_a_release_lets_one_file_go_and_what_waited_for_the_same(gapped: Plant) -> None:
    """A released file goes with the next pass; one that waits for more stays."""
    said = gapped.done("hold", "release", _FOUR, "--reason", "3 was never sent")
    assert said == "1 file goes with the next pass (gateway run --once).\n"
    gapped.run("run", "--once")
    assert gapped.json("failed", "show", _FOUR)["state"] == "processed"
    assert [row["name"] for row in gapped.json("hold", "list")] == [_SIX]
    (entry,) = gapped.json("audit", "log", _FOUR, "--action", "hold-released")
    assert (entry["reason"], entry["new"]["given_up"]) == ("3 was never sent", ["0000003"])


def test_only_held_files_are_released(gapped: Plant) -> None:
    """A file that is not held is refused, and none of those named with it is released."""
    result = gapped.run("hold", "release", _FOUR, "CONF_MES01_0000001.csv", "--reason", "go")
    assert result.exit_code == 2
    assert "is processed, not held" in result.stderr
    assert gapped.json("audit", "log", "--action", "hold-released") == []


def test_the_same_held_file_named_twice_is_released_once(gapped: Plant) -> None:
    """A held file named by id and by name is one file."""
    freed = gapped.json("hold", "release", _FOUR, gapped.transfer(_FOUR), "--reason", "go")
    assert [row["name"] for row in freed] == [_FOUR]


def test_a_stream_says_its_last_and_next_number_and_what_is_missing(gapped: Plant) -> None:
    """Each stream shows model, order, last and next number, gaps with their age, and what waits."""
    (row,) = gapped.json("sequence", "status")
    assert (row["last"], row["expected"], row["held"]) == ("0000002", "0000003", ["0000004", "0000006"])
    assert [(gap["first"], gap["count"]) for gap in row["gaps"]] == [("0000003", 1), ("0000005", 1)]
    text = " ".join(gapped.done("sequence", "status").split())
    assert "confirmations/MES01 counter strict 0000002 0000003 2 2" in text
    assert "missing 0000003 since 2" in text
    assert "held 0000004, 0000006" in text


def test_no_stream_yet_is_said(plant: Plant) -> None:
    """Where no number has come, that is said."""
    assert plant.done("sequence", "status") == "No stream has been seen yet.\n"


def test_a_waiver_gives_up_missing_numbers_and_frees_what_waited(gapped: Plant) -> None:
    """Waived numbers are no longer waited for; the next pass delivers what they held up, in order."""
    said = gapped.done("sequence", "waive", "confirmations", "3", "5", "--reason", "lost in the MES")
    assert said == "Given up: 0000003, 0000005. What waited for this goes with the next pass.\n"
    gapped.run("run", "--once")
    assert gapped.json("hold", "list") == []
    assert (gapped.directory / "outbox" / "erp" / _SIX).is_file()
    (entry,) = gapped.json("audit", "log", "confirmations/MES01", "--action", "sequence-waived")
    assert (entry["reason"], entry["new"]["asked"]) == ("lost in the MES", {"first": "3", "last": "5"})


def test_one_number_can_be_waived_as_data(gapped: Plant) -> None:
    """Without LAST, one number is given up; the JSON says which."""
    data = gapped.json("sequence", "waive", "confirmations/MES01", "0000003", "--reason", "lost")
    assert [gap["first"] for gap in data["given_up"]] == ["0000003"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["waive", "orders", "3"], "'orders' names no stream. Streams: confirmations/MES01"),
        (["waive", "confirmations", "1"], "Missing: 0000003, 0000005; expected next: 0000003"),
        (["waive", "confirmations", "three"], "'three' is not a number"),
        (["reset", "confirmations", "x"], "'x' is not a number"),
    ],
)
def test_what_cannot_be_given_up_is_refused(arguments: list[str], said: str, gapped: Plant) -> None:
    """A stream or number that cannot be meant is refused with what is missing in truth."""
    result = gapped.run("sequence", *arguments, "--reason", "try")
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_reset_begins_the_stream_anew(gapped: Plant) -> None:
    """After a reset the given number is expected and everything missing is given up."""
    said = gapped.done("sequence", "reset", "confirmations", "100", "--reason", "the MES was reinstalled")
    assert said == "The stream begins anew; 100 is expected. Given up: 0000003, 0000005.\n"
    (row,) = gapped.json("sequence", "status")
    assert row["gaps"] == []
    assert int(row["expected"]) == 100
    assert gapped.json("audit", "log", "--action", "sequence-reset")[0]["reason"] == "the MES was reinstalled"


def test_duplicates_are_listed_with_verdict_and_the_file_they_repeat(busy: Plant) -> None:
    """Each duplicate shows its verdict, what became of it, and which transfer it repeats."""
    rows = {row["name"]: row for row in busy.json("duplicates")}
    verdicts = {name: (row["verdict"], row["state"]) for name, row in rows.items()}
    assert verdicts == {
        "CONF_MES01_0000001.csv": ("resend", "duplicate"),
        "CONF_MES01_0000002.csv": ("conflict", "failed"),
        "ORD-ERPPRD-20261116053000-000999.xml": ("resend", "duplicate"),
    }
    assert (
        "was accepted before: CONF_MES01_0000001.csv, transfer " in rows["CONF_MES01_0000001.csv"]["reason"]
    )
    assert busy.done("duplicates").startswith("Duplicates (3)\n")


def test_duplicates_can_be_narrowed(busy: Plant) -> None:
    """Verdict, route and time choose among the duplicates."""
    assert [row["verdict"] for row in busy.json("duplicates", "--verdict", "conflict")] == ["conflict"]
    assert len(busy.json("duplicates", "--route", "orders")) == 1
    assert busy.json("duplicates", "--until", "2001-01-01") == []
    assert busy.run("duplicates", "--route", "nowhere").exit_code == 2

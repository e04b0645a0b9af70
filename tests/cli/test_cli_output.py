"""What commands print: tables made for reading, JSON made for programs, and no harm from any name."""

from __future__ import annotations

import json
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cli.output import age, exact_moment, json_text, moment, number, since, size
from tests.cli.plant import EVIL, NOT_UTF8, Plant

_LISTS = (
    ("status",),
    ("failed", "list"),
    ("failed", "list", "--all"),
    ("hold", "list"),
    ("sequence", "status"),
    ("duplicates",),
    ("audit", "log"),
    ("formats", "list"),
)


@pytest.mark.parametrize("command", _LISTS, ids=" ".join)
def test_a_piped_table_fits_a_page_without_blanks_or_colours(command: tuple[str, ...], busy: Plant) -> None:
    """Piped, every list keeps to 100 columns, ends no line in blanks, and holds no control code."""
    text = busy.done(*command)
    assert text.strip()
    for line in text.splitlines():
        assert line == line.rstrip()
        assert len(line) <= 100, line
        assert all(unicodedata.category(char) not in ("Cc", "Cf") for char in line), line


@pytest.mark.parametrize("command", _LISTS, ids=" ".join)
def test_colours_come_only_on_a_terminal(command: tuple[str, ...], busy: Plant) -> None:
    """No environment variable puts colour codes into a file."""
    result = busy.run(*command, FORCE_COLOR="1", TTY_COMPATIBLE="1", CLICOLOR_FORCE="1")
    assert "\x1b" not in result.output


def test_an_id_is_never_cut(busy: Plant) -> None:
    """Whatever the width, ids stand whole on one line, so that they can be copied."""
    ids = {row["transfer"] for row in busy.json("failed", "list")}
    assert len(ids) == 4
    text = busy.run("failed", "list", COLUMNS="20").stdout
    assert all(any(line.startswith(each) for line in text.splitlines()) for each in ids)


@pytest.mark.parametrize("name", [EVIL, NOT_UTF8], ids=["escapes", "not-utf-8"])
def test_a_hostile_name_stays_on_its_line_and_does_nothing(name: str, busy: Plant) -> None:
    """A name with escape sequences, line ends, overrides or stray bytes is shown escaped, on one line."""
    from gateway.printable import printable

    shown = printable(name)
    assert shown in busy.done("failed", "list").splitlines()[1:][0] or shown in busy.done("failed", "list")
    for command in (["failed", "show", shown], ["failed", "show", name], ["audit", "log", shown]):
        text = busy.done(*command)
        assert "\x1b" not in text
        assert "\x9b" not in text
        assert "\u202e" not in text
        assert any(shown in line for line in text.splitlines()) or command[0] == "audit"


@pytest.mark.parametrize("name", [EVIL, NOT_UTF8], ids=["escapes", "not-utf-8"])
def test_a_hostile_name_leaves_json_whole(name: str, busy: Plant) -> None:
    """JSON with hostile names is UTF-8 that parses and that a terminal shows without obeying."""
    result = busy.run("failed", "show", name, "--json")
    result.stdout.encode("utf-8")
    assert all(char.isprintable() or char == "\n" for char in result.stdout)
    assert json.loads(result.stdout)["state"] == "failed"


def test_a_terminal_that_knows_no_umlaut_gets_an_escape(plant: Plant) -> None:
    """Where the output's encoding lacks a character, it is escaped and the command goes on."""
    from tests.cli.plant import program

    plant.drop("orders", b"no xml", "Auftrag-Prüfung-Ω.xml")
    plant.run("run", "--once")
    ended = program(
        "--site", str(plant.directory), "failed", "list", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    )
    assert ended.returncode == 0, ended.stderr
    assert b"Auftrag-Pr\\xfcfung-\\u03a9.xml" in ended.stdout


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | (
    st.dictionaries(st.text(), inner)), max_leaves=10))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_json_says_any_text_exactly_and_shows_nothing_that_acts(data: object) -> None:
    """Any data comes back from JSON as it was, and the text holds only printable characters."""
    text = json_text(data)
    assert text.isprintable()
    assert json.loads(text) == data


def test_json_says_a_byte_that_is_no_text_in_escapes() -> None:
    """A name with bytes that are not UTF-8 becomes text that every parser takes."""
    assert json.loads(json_text({NOT_UTF8: NOT_UTF8})) == {"order-\\xff\\xfe.xml": "order-\\xff\\xfe.xml"}


def test_json_refuses_what_it_has_no_form_for() -> None:
    """A value without a form in JSON is refused and never guessed."""
    with pytest.raises(TypeError):
        json_text({"x": object()})


def test_times_are_readable_in_tables_and_exact_in_json() -> None:
    """A table shows a time to the second with its zone, JSON to the microsecond."""
    at = datetime(2026, 11, 22, 3, 4, 5, 678, tzinfo=UTC)
    assert moment(at) == "2026-11-22 03:04:05Z"
    assert moment(None) == ""
    assert exact_moment(at) == "2026-11-22T03:04:05.000678Z"
    assert datetime.fromisoformat(exact_moment(at)) == at
    assert since(at, at + timedelta(minutes=12, seconds=5)) == "2026-11-22 03:04:05Z (12m 5s)"
    assert since(None, at) == ""


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m"), (725, "12m 5s"), (3600, "1h"), (86_400, "1d"),
     (86_460, "1d"), (273_600, "3d 4h"), (10_000_000, "115d 17h")],
)  # fmt: skip
def test_an_age_is_said_in_its_two_largest_units(seconds: float, text: str) -> None:
    """An age is said as people say it, in the two largest units that follow one another."""
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (5 << 20, "5.0 MiB"),
     (3 << 30, "3.0 GiB"), (3 << 40, "3072.0 GiB")],
)  # fmt: skip
def test_a_size_is_said_in_the_unit_that_fits(count: int, text: str) -> None:
    """A number of bytes is said in the largest unit that fits."""
    assert size(count) == text


def test_a_count_has_its_noun() -> None:
    """One file, two files, many entries."""
    assert number(1, "file") == "1 file"
    assert number(2000, "file") == "2,000 files"
    assert number(2, "entry", "entries") == "2 entries"

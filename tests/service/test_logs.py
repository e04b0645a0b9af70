"""The log: one form for all records, readable by people or by programs, and never a place for secrets."""

from __future__ import annotations

import ast
import io
import json
import logging
import os
import re
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import pytest

from gateway.config.settings import Secret
from gateway.events import EVENTS, MEANINGS, Fields, event
from gateway.service import logs
from tests.docs.layers import PACKAGE

_PAGE = (Path(__file__).parents[2] / "docs" / "service.md").read_text(encoding="utf-8")
_FINAL = {"time", "level", "event", "logger", "text", "traceback"}

Log = Callable[[str, str], io.StringIO]


@pytest.fixture
def log() -> Iterator[Log]:
    """Configure the log as the service does, and put everything back afterwards."""
    root, ours = logging.getLogger(), logging.getLogger("gateway")
    before = (list(root.handlers), root.level, ours.level, threading.excepthook)

    def begin(form: str, zone: str = "UTC") -> io.StringIO:
        stream = io.StringIO()
        root.handlers.clear()  # pytest's own refuse what a library formats wrongly
        logs.configure(form, stream, zone)
        return stream

    yield begin
    root.handlers[:], threading.excepthook = before[0], before[3]
    root.setLevel(before[1])
    ours.setLevel(before[2])
    logging.captureWarnings(capture=False)


def _json(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_an_event_is_a_line_for_programs(log: Log) -> None:
    """A line of JSON shall have time in UTC, level, event, and the fields with their types."""
    stream = log("json", "Europe/Berlin")
    began = datetime.now(UTC)
    event(
        "pass-ended",
        route="orders",
        lane="orders to erp",
        reasons=("start", "event"),
        taken=0,
        seconds=1.23456,
    )
    until = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
    event("circuit-opened", place="server erp", tries=3, until=until, error="[server-unreachable] no answer")
    first, second = _json(stream)
    assert list(first) == ["time", "level", "event", "route", "lane", "reasons", "taken", "seconds"]
    assert datetime.fromisoformat(first["time"]) >= began.replace(microsecond=0)
    assert first["time"].endswith("Z")
    assert (first["level"], first["event"], first["seconds"]) == ("info", "pass-ended", 1.235)
    assert (first["reasons"], first["taken"]) == (["start", "event"], 0)
    assert (second["level"], second["until"]) == ("warning", "2026-11-22T05:30:00.000000Z")


def test_an_event_is_a_line_for_people(log: Log) -> None:
    """A line of text shall have the site's time with its offset, what is grave in capitals, words last."""
    stream = log("text", "Asia/Kolkata")
    event("pass-ended", lane="orders to erp", taken=0, processed=2, reasons=["deliveries waiting"])
    until = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
    event("circuit-opened", place="server erp", until=until, error="[server-unreachable] no answer")
    first, second = stream.getvalue().splitlines()
    assert re.fullmatch(
        r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+05:30 info    pass-ended lane="orders to erp" '
        r'reasons="deliveries waiting" processed=2',
        first,
    )
    assert second.endswith(
        'WARNING circuit-opened place="server erp" until="2026-11-22 11:00:00+05:30": '
        "[server-unreachable] no answer"
    )


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_name_forges_no_line(log: Log, form: str) -> None:
    """Line ends, colours, overrides and stray bytes in names and lists shall end no line and reach no eye."""
    stream = log(form, "UTC")
    name = "a\n2026-11-22 stopped\r\x1b[31m\u202e\u2028\udcff\0Ü.csv"
    event("problem", file=name, error=name, details=[name])
    logging.getLogger("elsewhere").warning("it is %s", name)
    text = stream.getvalue()
    assert all(char.isprintable() or char == "\n" for char in text)
    assert "\\xff" in text
    assert "Ü.csv" in text
    lines = text.splitlines()
    assert len(lines) == (3 if form == "text" else 2)
    # what stands below a line is indented, so that it is taken for no line of its own
    assert [line[:4] for line in lines].count("    ") == (1 if form == "text" else 0)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_secret_is_not_shown(log: Log, form: str) -> None:
    """A secret that somebody gives to the log by mistake shall not be shown, alone or in a list."""
    stream = log(form, "UTC")
    secret: Any = Secret("hunter2")
    event("problem", error=secret, details=[secret])
    logging.getLogger("gateway.sftp").warning("with %s and %r", secret, secret)
    assert "hunter2" not in stream.getvalue()


def test_a_line_is_bounded(log: Log) -> None:
    """Huge texts and lists shall be cut, and the rest counted."""
    stream = log("json", "UTC")
    event("reload-refused", error="x" * 1_000_000, reason="\udcff" * 1_000, details=["y" * 100_000] * 1_000)
    (line,) = _json(stream)
    assert line["reason"].endswith("\\xff... (1,000 characters)")
    assert line["error"].endswith("... (1,000,000 characters)")
    assert len(line["details"]) == 51
    assert line["details"][-1] == "and 950 more"
    assert len(stream.getvalue()) < 48 * 1024


def test_libraries_speak_in_the_same_form_and_only_of_what_is_wrong(log: Log) -> None:
    """Records of libraries shall be told from warnings on; Python's own warnings and dead threads, too."""
    stream = log("json", "UTC")
    logging.getLogger("apscheduler.scheduler").info("Added job")
    logging.getLogger("apscheduler.scheduler").warning("Run time of job %s", "late")
    logging.getLogger("some.library").error("%d %d", "no number", 2)
    warnings.warn("old", DeprecationWarning, stacklevel=1)
    warnings.warn("strange", UserWarning, stacklevel=1)
    thread = threading.Thread(target=lambda: 1 / 0, name="orders")
    thread.start()
    thread.join()
    lines = _json(stream)
    late, wrong, *warned, dead = lines
    assert (late["event"], late["level"], late["logger"]) == ("message", "warning", "apscheduler.scheduler")
    assert (late["text"], wrong["text"]) == ("Run time of job late", "%d %d")
    assert any("strange" in one["text"] for one in warned)
    assert (dead["event"], dead["text"]) == ("internal-error", "orders has ended")
    assert dead["error"] == "ZeroDivisionError: division by zero"


def test_a_fault_of_the_gateway_names_its_place(log: Log) -> None:
    """A fault shall show its error in the line and its place in the code below, indented."""
    stream = log("text", "UTC")
    try:
        raise ValueError("broken\nin two")
    except ValueError:
        logging.getLogger("gateway.pipeline").exception("route %s: the pass was broken off", "orders")
    first, *below = stream.getvalue().splitlines()
    assert (
        "ERROR   internal-error logger=gateway.pipeline: ValueError: broken\\nin two: route orders" in first
    )
    assert any("test_logs.py" in line for line in below)
    assert all(line.startswith("    ") for line in below)


def test_a_journal_is_told_how_grave_a_line_is(
    log: Log, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line shall begin with its priority where the stream is systemd's journal, and nowhere else."""
    with (tmp_path / "journal").open("w+", encoding="utf-8") as stream:
        found = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        log("json", "UTC")
        logs.configure("text", stream)
        event("stopping", signal="SIGTERM")
        event("reload-refused", details=["a", "b"])
        stream.seek(0)
        assert [line[:3] for line in stream] == ["<6>", "<3>", "<3>", "<3>"]
    assert not log("text", "UTC").getvalue()


def test_another_form_takes_the_place_of_the_first(log: Log) -> None:
    """After a reload every record shall be written once, in the new form; an unknown zone is UTC."""
    before, after = log("json", "UTC"), io.StringIO()
    logs.configure("text", after, "Nowhere/At-All")
    event("reloaded")
    assert before.getvalue() == ""
    assert re.fullmatch(r"\S+ \S+\+00:00 info    reloaded\n", after.getvalue())


def test_a_log_that_cannot_be_written_stops_nothing(log: Log, capsys: pytest.CaptureFixture[str]) -> None:
    """A full disk or closed pipe below the log shall not stop who writes into it."""
    log("text", "UTC")
    with open("/dev/full", "w", encoding="utf-8") as full:
        logs.configure("text", full)
        event("stopped", status=0)
        logging.getLogger().removeHandler(logging.getLogger().handlers[-1])
        _forget(full)
    assert "Traceback" not in capsys.readouterr().err


def _forget(stream: TextIO) -> None:
    """Drop what a stream could not write, so that closing it is quiet."""
    descriptor = os.open(os.devnull, os.O_WRONLY)
    os.dup2(descriptor, stream.fileno())
    os.close(descriptor)


def test_every_event_that_the_program_writes_is_in_the_catalogue() -> None:
    """No module shall write an event that is not in the catalogue, nor the catalogue name one for nobody."""
    used = {
        node.args[0].value
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "event"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }
    assert used | {"internal-error", "message"} == set(EVENTS)  # these two are other records


def test_every_field_has_its_meaning() -> None:
    """Each field shall be described once, and none shall hide a key that every line has."""
    assert list(Fields.__annotations__) == list(MEANINGS)
    assert _FINAL.isdisjoint(MEANINGS)


def test_the_page_describes_every_event_and_key() -> None:
    """The page shall name each event and each key of a line in the words of the program, and no others."""
    events = dict(re.findall(r"^\| `([a-z-]+)` \| (?:info|warning|error) \| (.+) \|$", _PAGE, re.MULTILINE))
    assert events == {name: kind.text for name, kind in EVENTS.items()}
    keys = dict(re.findall(r"^\| `([a-z_]+)` \| ([^|]+) \|$", _PAGE, re.MULTILINE))
    assert {name: text for name, text in keys.items() if name not in _FINAL} == dict(MEANINGS)
    assert set(keys) >= _FINAL

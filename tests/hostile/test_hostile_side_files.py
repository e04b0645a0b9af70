"""Checksum files, control files, done markers and replay requests that are garbage or traps."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.ledger import arrivals
from gateway.model import State
from tests.hostile.hostile_kit import command
from tests.pipeline.plant import ROUTE, Plant, confirmation, name_of

FILE, CONTENT = name_of(1), confirmation(1)
DIGEST = hashlib.sha256(CONTENT).hexdigest()
LINE = f"{FILE};{DIGEST}\n".encode()
HEADING = b"file;sha256\n"


def asking(tmp_path: Path, require: str) -> Plant:
    """Return a plant whose route asks for one kind of evidence, with a good file in its inbox."""
    plant = Plant.build(tmp_path / "site", ROUTE.replace("require: [none]", f"require: [{require}]"))
    plant.drop(FILE, CONTENT)
    return plant


def passes(plant: Plant) -> dict[str, str]:
    """Run passes until nothing changes any more; return what still waits, with its reason."""
    for _ in range(3):
        plant.run()
        plant.clock.advance(minutes=10)
    with plant.opened() as context, context.ledger.read() as connection:
        return {one.name: one.reason for one in arrivals.waiting(connection, "confirmations")}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bytes(range(256)) * 20, "does not name this file"),
        (b"", "is empty"),
        (b"abc", "3 digits"),
        (hashlib.md5(CONTENT, usedforsecurity=False).hexdigest().encode(), "32 digits"),
        (b"0" * 64 + b"  ../../etc/passwd\n", "does not name this file"),
        (b"0" * 64 + f"  {FILE}\n".encode(), "the file has"),
        (f"{DIGEST}  {FILE}\n".encode("utf-16"), "does not name this file"),
        (b"\0" * 100, "does not name this file"),
        (b"x  y\n" * 1_000_000, "more than 100,000 lines"),
        (b" " * 17_000_000, "larger than 16 MiB"),
    ],
)
def test_a_wrong_checksum_file_fails_its_file_in_its_own_words(
    tmp_path: Path, content: bytes, words: str
) -> None:
    """A checksum file that cannot be used shall fail its file with F213, once nothing changes any more."""
    plant = asking(tmp_path, "checksum")
    plant.drop(f"{FILE}.sha256", content)
    assert passes(plant) == {}
    assert plant.states() == {FILE: State.FAILED}
    assert plant.transfer(FILE).reason_code == "F213"
    assert words in (plant.transfer(FILE).reason or "")
    plant.demand_proof()


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + DIGEST.upper().encode() + f" *{FILE}\r\n".encode(),
        f"{DIGEST}  /var/spool/out/{FILE}\n".encode(),
        f"SHA256 ({FILE}) = {DIGEST}\n".encode(),
        b"0" * 64 + b"  ../../etc/passwd\n" + f"{DIGEST}  {FILE}\n".encode(),
    ],
)
def test_a_checksum_file_of_another_tool_is_understood(tmp_path: Path, content: bytes) -> None:
    """A right digest shall be found whatever tool wrote it, and no path in it is ever opened."""
    plant = asking(tmp_path, "checksum")
    plant.drop(f"{FILE}.sha256", content)
    assert passes(plant) == {}
    assert plant.states() == {FILE: State.PROCESSED}
    plant.demand_proof()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (bytes(range(256)) * 20, "cannot be used"),
        (b"", "is empty"),
        (HEADING, "lists no file"),
        (HEADING + b"\0;\0\n", "cannot be used"),
        ((HEADING + LINE).decode().encode("utf-16"), "has no column"),
        (HEADING + b'"' + LINE, "cannot be read"),
        (HEADING + LINE + f"{FILE};{'0' * 64}\n".encode(), "something else about a file listed before"),
        (HEADING + LINE + b"f;" + b"0" * 64 + b"\n" * 200_000, "more than 100,000 lines"),
        (HEADING + LINE + b"#" * 17_000_000, "larger than 16 MiB"),
    ],
)
def test_a_control_file_that_cannot_be_used_waits_with_its_reason(
    tmp_path: Path, content: bytes, words: str
) -> None:
    """A control file that cannot be used shall admit nothing and wait visibly, with what is wrong."""
    plant = asking(tmp_path, "control-file")
    plant.drop("x.ctl", content)
    waits = passes(plant)
    assert plant.transfers() == []
    assert words in waits["x.ctl"]
    assert "control file" in waits[FILE]
    assert all(len(reason) < 1000 for reason in waits.values())


def test_a_control_file_may_list_itself_and_what_is_elsewhere(tmp_path: Path) -> None:
    """A line about the control file itself or about a path shall keep nothing else from going."""
    plant = asking(tmp_path, "control-file")
    plant.drop("x.ctl", HEADING + b"x.ctl;" + b"0" * 64 + b"\n" + LINE)
    assert passes(plant) == {}
    assert plant.states() == {FILE: State.PROCESSED}
    plant.drop(name_of(2), confirmation(2))
    digest = hashlib.sha256(confirmation(2)).hexdigest()
    traps = b"".join(b"../../f%d;%s\n" % (number, b"0" * 64) for number in range(5_000))
    plant.drop("y.ctl", HEADING + traps + f"{name_of(2)};{digest}\n".encode())
    waits = passes(plant)
    assert plant.states()[name_of(2)] is State.PROCESSED
    assert "4,995 more" in waits["y.ctl"]
    assert len(waits["y.ctl"]) < 1000
    plant.demand_proof()


def test_done_markers_of_any_content_mark_and_strangers_wait(tmp_path: Path) -> None:
    """A done marker shall count by its name, whatever is in it; one without its file shall wait visibly."""
    plant = asking(tmp_path, "done-marker")
    plant.drop(f"{FILE}.done", os.urandom(1000))
    plant.drop("stranger.csv.done", b"")
    plant.drop(f"{FILE}.done.done", b"")
    waits = passes(plant)
    assert plant.states() == {FILE: State.PROCESSED}
    assert sorted(waits) == [f"{FILE}.done.done", "stranger.csv.done"]
    plant.demand_proof()


def text(**members: object) -> bytes:
    """Return a request as JSON."""
    return json.dumps(members).encode()


def link(path: Path) -> None:
    """Make the request a link."""
    path.symlink_to("/etc/passwd")


REQUESTS: dict[str, bytes | Callable[[Path], object]] = {
    "garbage": b"\x80garbage",
    "empty": b"",
    "huge": text(actor="a", reason="x" * 200_000),
    "no reason": text(actor="a"),
    "no actor": text(reason="a"),
    "blank reason": text(actor="a", reason=" \t "),
    "list": b"[]",
    "null": b"null",
    "number": b"5",
    "reason is an object": text(actor="a", reason={"why": 1}),
    "reason is no text": b'{"actor":"a","reason":NaN}',
    "deep": b"[" * 60_000,
    "digits": b'{"actor":"a","reason":' + b"1" * 5000 + b"}",
    "latin-1": '{"actor":"Jörg","reason":"x"}'.encode("latin-1"),
    "link": link,
    "fifo": os.mkfifo,
    "directory": os.mkdir,
}


def test_a_request_that_says_nothing_takes_nothing(plant: Plant) -> None:
    """A file put into replay/ shall stay, and be reported, while no request names actor and reason."""
    place = plant.directory / "replay" / "confirmations"
    for number, request in enumerate(REQUESTS.values(), 10):
        (place / name_of(number)).write_bytes(confirmation(number))
        beside = place / f"{name_of(number)}.request.json"
        if isinstance(request, bytes):
            beside.write_bytes(request)
        else:
            request(beside)
    (place / name_of(5)).write_bytes(confirmation(5))  # without a request
    (place / name_of(6)).symlink_to("/etc/passwd")
    (place / f"{name_of(6)}.request.json").write_bytes(text(actor="a", reason="b"))
    plant.drop_confirmation(1)
    (report, *_) = plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED}
    named = {problem.name for problem in report.problems}
    assert {name_of(number) for number in (5, 6, *range(10, 10 + len(REQUESTS)))} <= named
    assert len(list(place.iterdir())) == 2 * len(REQUESTS) + 3
    plant.demand_proof()


def test_a_good_request_takes_its_file_and_keeps_hostile_words_harmless(plant: Plant) -> None:
    """A request with a reason shall be carried out, and its actor and reason be shown without effect."""
    place = plant.directory / "replay" / "confirmations"
    (place / name_of(1)).write_bytes(confirmation(1))
    request = text(actor="ann\x1b[31m", reason="lost\n\u202e\x9b")
    (place / f"{name_of(1)}.request.json").write_bytes(request)
    plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED}
    for words in (["audit", "log"], ["audit", "log", "--json"]):
        shown = command(plant, *words).out
        assert "ann" in shown
        assert not {"\x1b", "\u202e", "\x9b"} & set(shown)
    plant.demand_proof()


def test_patterns_that_blow_up_are_refused_before_anything_runs(tmp_path: Path) -> None:
    """A name pattern that a file name could hang shall be refused by `config check`, and nothing runs."""
    plant = Plant.build(tmp_path / "site")
    path = plant.directory / "config" / "gateway.yaml"
    good = path.read_text()
    for pattern in ("(a+)+b", "(a|a)*b", "(.*)*x", "[0-9]*.*[0-9]*.*x"):
        path.write_text(good.replace("    completeness", f"    name_pattern: '{pattern}'\n    completeness"))
        checked = command(plant, "config", "check")
        assert 3 <= checked.status <= 19, pattern
        assert command(plant, "run", "--once").status == checked.status

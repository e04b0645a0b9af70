"""Names that break shells, terminals, lists and other systems, through the whole way."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gateway.model import State
from tests.hostile.hostile_kit import Result, command
from tests.pipeline.plant import ROUTE, Plant, confirmation

NAMES = [
    b"with space.csv",
    b"quo\"te's.csv",
    b"new\nline.csv",
    b"cr\r\n.csv",
    b"\xff\xfe\x80.csv",
    b"a" * 251 + b".csv",
    b"b" * 255,
    "ä".encode() * 127,
    b"-rf.csv",
    b"--site=.csv",
    b"a..%2f..%2f..csv",
    b"CON",
    b"nul.csv",
    b"COM1.csv",
    b"esc\x1b[2J\x1b]0;x\x07.csv",
    "csi\x9b31m.csv".encode(),
    "\u202egnp.csv".encode(),
    b"back\\slash.csv",
    b"per%cent%s%n.csv",
    b"{name}{id}.csv",
    b"[bold red]x[bold].csv",
    b"$(touch x)`id`;&|.csv",
    b"=cmd+1.csv",
    b"trailing. ",
    b"manifest-sha256.txt",
    b"x.manifest.json",
    b"x.report.txt",
    b"a:b.csv",
    b"a~3Ab.csv",
]
#: What no output for people or programs may contain: controls, overrides, halves of characters.
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
EVIL = "D\x1b[2J\u202e\x9b31m\x07"


@pytest.fixture
def any_name(tmp_path: Path) -> Plant:
    """Return a plant whose route takes whatever is called anyhow."""
    routes = ROUTE.replace('"*.csv"', "'*'").replace(
        "    completeness", "    name_pattern: '[^/]*'\n    completeness"
    )
    return Plant.build(tmp_path / "site", routes)


def drop(plant: Plant, name: bytes, content: bytes) -> str:
    """Put a file of any name into the inbox; return the name as the gateway holds it."""
    Path(os.path.join(plant.inbox(), os.fsdecode(name))).write_bytes(content)
    return os.fsdecode(name)


def demand_harmless(result: Result) -> Any:
    """Assert that nothing printed moves a terminal; return the result."""
    for text in (result.out, result.err):
        assert OBEYED.search(text) is None, ascii(text)
    return result


def test_hostile_names_go_the_whole_way(any_name: Plant) -> None:
    """Files of any name shall be delivered and archived under safe names, none in another's place."""
    content = {drop(any_name, name, confirmation(n)): confirmation(n) for n, name in enumerate(NAMES, 1)}
    any_name.run()
    assert any_name.states() == dict.fromkeys(content, State.PROCESSED)
    assert list(any_name.inbox().iterdir()) == []
    names = any_name.delivered()
    assert len(names) == len(NAMES)
    for name in names:
        assert OBEYED.search(name) is None
        assert not re.search(r'[\\<>:"|?*%/]|^[-. ]|[. ]$', name)
        assert len(os.fsencode(name)) <= 255
    for name, data in content.items():
        row = any_name.transfer(name)
        assert (any_name.directory / (row.settled_path or "")).read_bytes() == data
        assert any_name.manifest(name)["file"]["archived_as"] == os.path.basename(row.settled_path or "")
    unsafe = {name for name in content if "F904" in any_name.codes(name)}
    assert os.fsdecode(NAMES[2]) in unsafe
    assert os.fsdecode(NAMES[0]) not in unsafe  # a blank is no danger
    any_name.demand_proof()


def test_plain_tools_verify_hostile_names(any_name: Plant) -> None:
    """`sha256sum -c` shall accept the day lists of processed and of duplicate files with hostile names."""
    for number, name in enumerate(NAMES[:20], 1):
        drop(any_name, name, confirmation(number))
        drop(any_name, b"2" + name[:200], confirmation(number))
    any_name.run()
    for area in ("processed", "duplicates"):
        (day,) = (any_name.directory / area / "confirmations").iterdir()
        done = subprocess.run(["sha256sum", "-c", "manifest-sha256.txt"], cwd=day, capture_output=True)
        assert done.returncode == 0, done.stdout
        assert done.stdout.count(b": OK") == 40


def test_names_that_look_alike_stay_apart(any_name: Plant) -> None:
    """Files whose names meet in one safe form, or come twice, shall keep places of their own."""
    names = [b"x" * 255, b"x" * 254 + b"y", b"a:b.csv", b"a~3Ab.csv", b"A:B.csv"]
    for attempt in range(2):
        for number, name in enumerate(names, 1):
            drop(any_name, name, confirmation(number + 10 * attempt))
        any_name.run()
        for path in (any_name.directory / "outbox" / "erp").iterdir():
            path.unlink()
    rows = any_name.transfers()
    assert {row.state for row in rows} == {State.PROCESSED}
    assert len({row.settled_path for row in rows}) == 2 * len(names)
    any_name.demand_proof()


def test_nothing_shown_of_a_hostile_name_or_value_moves_a_terminal(
    any_name: Plant,
) -> None:
    """Tables, reports, JSON and exports shall show hostile names and values escaped, and stay well-formed."""
    evil = b'e\x1b[31m\xff\n"\xe2\x80\xaex.csv'
    drop(any_name, evil, confirmation(1).replace(b"DISP-01", EVIL.encode()))
    drop(any_name, evil + b"2", confirmation(2))
    drop(any_name, evil + b"3", confirmation(2))
    drop(any_name, evil + b"4", confirmation(4).replace(b"MES01", EVIL.encode()))
    (any_name.inbox() / os.fsdecode(b"d" + evil)).mkdir()
    demand_harmless(command(any_name, "run", "--once"))
    failed = [row for row in any_name.transfers() if row.state is State.FAILED]
    assert len(failed) == 2
    for words in (["status"], ["failed", "list"], ["duplicates"], ["audit", "log"], ["verify"]):
        demand_harmless(command(any_name, *words))
        assert demand_harmless(command(any_name, *words, "--json")).data is not None
    for row in failed:
        demand_harmless(command(any_name, "failed", "show", row.id))
        assert demand_harmless(command(any_name, "failed", "show", row.id, "--json")).data["transfer"]
    exported = any_name.directory.parent / "export"
    demand_harmless(command(any_name, "failed", "export", str(exported)))
    papers = [
        *exported.iterdir(),
        *(any_name.directory / "failed").rglob("*"),
        *any_name.directory.rglob("*.json"),
    ]
    for path in papers:
        if path.is_file() and path.name.endswith((".report.txt", ".manifest.json", "findings.csv")):
            assert OBEYED.search(path.read_text().replace("\r\n", "\n")) is None, path
    any_name.demand_proof()


def test_failed_files_of_hostile_names_can_be_tried_again(
    any_name: Plant,
) -> None:
    """A failed file of a hostile name shall be reprocessed by its id, and end whole in one place."""
    names = [drop(any_name, name, confirmation(n, quantity="x")) for n, name in enumerate(NAMES[:12], 1)]
    any_name.run()
    assert set(any_name.states().values()) == {State.FAILED}
    for row in any_name.transfers():
        done = demand_harmless(command(any_name, "reprocess", row.id, "--reason", f"again {EVIL}"))
        assert done.status == 0
    any_name.run()
    assert any_name.states() == dict.fromkeys(names, State.FAILED)
    assert {row.attempt for row in any_name.transfers()} == {2}
    any_name.demand_proof()


def test_names_that_hide_or_climb_wait_in_sight(any_name: Plant) -> None:
    """Names of dots and hidden names shall count as temporary: they wait, are listed, and lead nowhere."""
    names = [drop(any_name, name, confirmation(1)) for name in (b"...", b"..csv", b"..\\..\\x", b".x", b"~x")]
    any_name.run()
    assert any_name.transfers() == []
    listed = command(any_name, "status", "--json").data["waiting"]
    assert {(one["name"], one["code"]) for one in listed} == {(name, "F903") for name in names}
    assert sorted(path.name for path in any_name.inbox().iterdir()) == sorted(names)

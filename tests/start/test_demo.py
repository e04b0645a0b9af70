"""`gateway demo`: what a stranger sees after cloning."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.start.fresh import GATEWAY, REPOSITORY


def test_every_ending_is_shown(demo_output: str) -> None:
    """Every one of the six routes shall be seen to process, and every other ending shall occur."""
    became = re.findall(
        r"^  (processed|failed|held|waiting|duplicate) +(\S.*?)(?:  .*)?$", demo_output, re.MULTILINE
    )
    names = {state: {name for one, name in became if one == state} for state, _name in became}
    kinds = ("CONF_", "CONS_", "INVADJ_", "ORD-", "BOM-", "MATMAS_")
    for kind in kinds:
        assert any(name.startswith(kind) for name in names["processed"]), kind
        assert any(name.startswith(kind) for name in names["failed"]), kind
    assert names["held"] == {"CONF_MES01_0000004.csv", "INVADJ_WMS1_000004.csv"}
    assert "ORD-ERPPRD-20261116053000-000873.xml" in names["waiting"] & names["processed"]
    assert names["duplicate"] == {"CONF_MES01_0000001.csv"}


@pytest.mark.parametrize(
    "words",
    [
        'F305 line 2: posting_date is "31.11.2026"',
        "F101: The file is empty",
        "F209: The file has the layout confirmation 2.0.0",
        "F210: The name does not match",
        "F205 line 10: trailer.item_count states 9 records; 8",
        "F602 line",
        "F701: The same message",
        "F702: A message with the same key but other bytes",
        "F703: A file with the same bytes",
        "F804: The file of 20261115053000 comes after the newer one of 20261116053000",
        "F805: 00000005 was delivered although 00000004 is missing",
        "waits for 0000003",
        "its done marker CONF_MES01_0000005.csv.done has not come",
        "its trailer has not been written",
        "its name is a temporary one",
        "873.xml.sha256 states the sha256",
    ],
)
def test_each_fault_is_told_in_the_files_own_words(demo_output: str, words: str) -> None:
    """Why a file is where it is shall be told with code, line, column and value where there are any."""
    assert words in " ".join(demo_output.split())


def test_a_correction_is_really_done(demo_output: str, demo_site: Path) -> None:
    """The failed file shall be corrected with a reason, show its difference, and be delivered."""
    told = demo_output.partition("$ gateway reprocess")[2]
    assert re.search(r"posting_date +31\.11\.2026 +18\.11\.2026", told)
    assert re.search(r"processed .* CONF_MES01_0000006\.csv", told)
    delivered = demo_site / "outbox" / "erp" / "confirmations" / "CONF_MES01_0000006.csv"
    assert b"18.11.2026" in delivered.read_bytes()
    assert b"31.11.2026" not in delivered.read_bytes()
    assert (demo_site / "failed" / "confirmations" / "CONF_MES01_0000006.csv.report.txt").exists()


def test_the_proof_holds(demo_output: str, demo_site: Path) -> None:
    """Every day list of the kept site shall satisfy sha256sum, and the demo shall have shown it."""
    assert "everything is as recorded" in demo_output
    assert "the trail is whole" in demo_output
    assert re.search(r"^\S+: OK$", demo_output, re.MULTILINE)
    lists = list(demo_site.glob("processed/*/*/manifest-sha256.txt"))
    assert len(lists) == 6
    for one in lists:
        subprocess.run(["sha256sum", "-c", "--quiet", one.name], cwd=one.parent, check=True)


def test_it_reads_well(demo_output: str, demo_site: Path) -> None:
    """The output shall fit 100 columns, but for commands and places, and say where the site is."""
    wide = [line for line in demo_output.splitlines() if len(line) > 100]
    longer = re.compile(rf"\$ .*|.*{re.escape(str(demo_site))}.*|.*[0-9A-Z]{{26}}.*")
    assert [line for line in wide if not longer.fullmatch(line)] == []
    assert "\x1b" not in demo_output
    assert f"python3 -m gateway --site {demo_site} status" in demo_output


def test_a_directory_in_use_is_refused(demo_site: Path) -> None:
    """A directory that is not empty shall be refused, and not touched."""
    before = sorted(demo_site.rglob("*"))
    done = subprocess.run(
        [*GATEWAY, "demo", "--dir", str(demo_site)], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "new or empty directory" in done.stderr
    assert sorted(demo_site.rglob("*")) == before


def test_interrupted_it_leaves_nothing(tmp_path: Path) -> None:
    """Ctrl-C shall end the demo with 130 and remove the temporary site."""
    process = subprocess.Popen(
        [*GATEWAY, "demo"], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdout is not None
    assert "A fresh site in" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    # where Ctrl-C meets an `exec`, as dataclasses have them, Python ends by the signal: a shell says 130
    assert process.returncode in (130, -signal.SIGINT), (out, err)
    assert "Stopped." in err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("gateway-demo-*"))

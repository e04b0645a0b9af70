"""Checksum files and control files are read in every form that senders write."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.rules.completeness_policy import ControlFilePolicy
from gateway.rules.side_files import Checksum, ControlLine, parse_checksum_file, parse_control_file

MD5, SHA = hashlib.md5(b"data").hexdigest(), hashlib.sha256(b"data").hexdigest()  # noqa: S324 - a format


@pytest.mark.parametrize(
    "text",
    [
        SHA,
        f"{SHA}\n",
        f"\ufeff{SHA.upper()}\r\n",
        f"{SHA}  a.csv\n",
        f"{SHA} *a.csv\r\n",
        f"{SHA}  ./out/a.csv\n",
        f"SHA256 (a.csv) = {SHA}\n",
        f"SHA2-256(a.csv)= {SHA}\n",
        f"{'0' * 64}  b.csv\n{SHA}  a.csv\n",
    ],
)
def test_every_usual_form_is_understood(text: str) -> None:
    """A bare digest, sha256sum's lines and tagged lines shall all give the digest of the file."""
    assert parse_checksum_file(text, "a.csv") == Checksum(SHA)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        (SHA[:40], "40 digits where sha256 has 64"),
        (f"{SHA}  b.csv\n", "does not name this file"),
        ("no checksum here\n", "does not name this file"),
        (f"{SHA[:63]}  a.csv\n", "63 digits"),
    ],
)
def test_what_cannot_be_used_says_why(text: str, problem: str) -> None:
    """A cut-off or foreign checksum file shall be a problem in words."""
    checksum = parse_checksum_file(text, "a.csv")
    assert checksum.digest is None
    assert problem in (checksum.problem or "")


def test_other_algorithms_have_their_own_length() -> None:
    """An MD5 shall be accepted where the route says md5 and refused where it says sha256."""
    assert parse_checksum_file(MD5, "a", "md5").digest == MD5
    assert parse_checksum_file(MD5, "a", "sha256").digest is None


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
@pytest.mark.parametrize("name", ["a b.csv", "back\\slash", "new\nline", "caf\u00e9", "odd\udcff"])
def test_what_sha256sum_writes_is_read(tmp_path: Path, name: str) -> None:
    """The output of sha256sum shall give the digest back, for any name it can print."""
    Path(tmp_path, name).write_bytes(b"data")
    out = subprocess.run(["sha256sum", os.fsencode(name)], cwd=tmp_path, capture_output=True, check=True)
    assert parse_checksum_file(out.stdout.decode("utf-8", "surrogateescape"), name).digest == SHA


@given(text=st.text(max_size=200))
def test_law_no_text_breaks_the_parsers(text: str) -> None:
    """Whatever stands in a side file, reading it shall end in values or a problem."""
    checksum = parse_checksum_file(text, "a")
    assert (checksum.digest is None) != (checksum.problem is None)
    control = parse_control_file(text, ControlFilePolicy())
    assert bool(control.lines) != bool(control.problem)


POLICY = ControlFilePolicy(size_column="size", records_column="records")


def test_control_file_with_heading_in_any_order() -> None:
    """Columns shall be found by their heading; quotes, blanks and further columns do no harm."""
    text = f'interface;records;file;sha256;size\r\n1.0; 3 ;"a b.csv";{SHA.upper()};12\r\n\r\n'
    assert parse_control_file(text, POLICY).lines == (ControlLine("a b.csv", SHA, 12, 3),)


def test_control_file_without_heading_has_numbered_columns() -> None:
    """Where there is no heading, the route shall name columns by their number."""
    policy = ControlFilePolicy(
        delimiter=",", header_row=False, name_column="2", checksum_column="1", algorithm="md5"
    )
    assert parse_control_file(f"{MD5},a.csv\n", policy).lines == (ControlLine("a.csv", MD5),)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "it is empty"),
        ("file;size\n", "it has no column sha256, records"),
        ("file;sha256;size;records\n", "it lists no file"),
        (f"file;sha256;size;records\na;{SHA};12\n", "row 1: records is empty"),
        (f"file;sha256;size;records\na;{SHA};-1;2\n", "row 1: size is not a count: '-1'"),
        (f"file;sha256;size;records\na;{SHA[:20]};1;2\n", "row 1: the checksum has 20 digits"),
        (f"file;sha256;size;records\na;{'x' * 64};1;2\n", "row 1: the checksum is not hexadecimal"),
        ('file;sha256;size;records\n"a;', "it cannot be read"),
    ],
)
def test_wrong_control_files_say_where(text: str, problem: str) -> None:
    """A control file that is cut off or wrong shall be a problem with its row, never half a list."""
    control = parse_control_file(text, POLICY)
    assert control.lines == ()
    assert (control.problem or "").startswith(problem)

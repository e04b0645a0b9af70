"""Names: any bytes in, a name that is safe everywhere out."""

from __future__ import annotations

import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.custody.names import (
    DAY_LIST,
    MANIFEST_SUFFIX,
    REPORT_SUFFIX,
    archive_name,
    companion_name,
    numbered,
    temporary_name,
    working_name,
)
from gateway.printable import portable_text, printable

BYTE_NAMES = st.binary(min_size=1, max_size=255).map(
    lambda raw: os.fsdecode(raw.replace(b"/", b"_").replace(b"\0", b"_"))
)
ANY_NAMES = st.one_of(BYTE_NAMES, st.text(max_size=300))


def is_safe(name: str) -> bool:
    """Whether Linux, Windows and macOS all take the name, and neither shell nor list trips over it."""
    return (
        0 < len(name.encode("utf-8")) <= 215
        and name not in (".", "..")
        and not set(name) & set('/\\<>:"|?*%')
        and not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in name)
        and name[0] not in "-. "
        and name[-1] not in ". "
        and name.split(".")[0].strip().upper() not in ("CON", "NUL", "PRN", "AUX", "COM1", "LPT9")
    )


@given(ANY_NAMES)
def test_every_name_gets_a_safe_archive_name(name: str) -> None:
    """Whatever a sender calls a file, its archive name is safe on every system."""
    assert is_safe(archive_name(name))


@given(ANY_NAMES, st.integers(0, 150))
def test_room_is_left_for_the_companions(name: str, room: int) -> None:
    """The archive name leaves the asked-for room below the 255 bytes of a file name."""
    assert len(archive_name(name, room).encode()) <= 255 - room


@given(BYTE_NAMES, BYTE_NAMES)
def test_different_names_stay_different(one: str, other: str) -> None:
    """Two files of different names never get the same archive name."""
    assert (archive_name(one) == archive_name(other)) == (one == other)


@given(BYTE_NAMES)
def test_an_escaped_name_never_meets_a_plain_one(name: str) -> None:
    """A file that is called like the escaped name of another one gets a name of its own."""
    if archive_name(name) != name:
        assert archive_name(archive_name(name)) != archive_name(name)


@given(ANY_NAMES, st.sampled_from(["T0001", "01JD8Q2V6T0000000000000000", "f" * 36]))
def test_numbered_and_working_names_are_safe_too(name: str, transfer: str) -> None:
    """The variants for a taken name, for work and for companions are as safe as the name."""
    assert is_safe(numbered(archive_name(name), transfer))
    assert is_safe(working_name(transfer, name))
    assert is_safe(companion_name(archive_name(name), transfer, name, name + ".done"))
    assert numbered(archive_name(name), transfer) != numbered(archive_name(name), "T9999")


@pytest.mark.parametrize(
    "name", ["a.csv", "PO 4711 (2).xml", "Rückmeldung-ß.csv", "it's.txt", "a.tar.gz", "a~1"]
)
def test_plain_names_stay(name: str) -> None:
    """A name that is safe already is kept to the letter."""
    assert archive_name(name) == name


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("two\nlines.csv", "two~0Alines.csv"),
        (os.fsdecode(b"caf\xe9.csv"), "caf~E9.csv"),
        ("-rf.csv", "~2Drf.csv"),
        ("..", "~2E~2E"),
        ("../../etc/passwd", "~2E.~2F..~2Fetc~2Fpasswd"),
        ("con.txt", "~63on.txt"),
        ("100%.csv", "100~25.csv"),
        ("~0A.csv", "~7E0A.csv"),
    ],
)
def test_unsafe_characters_are_escaped(name: str, kept: str) -> None:
    """An unsafe byte is written as a tilde and two hex digits, and nothing else changes."""
    assert archive_name(name) == kept


@pytest.mark.parametrize(
    "name", [DAY_LIST, "A.csv" + MANIFEST_SUFFIX, "A.csv" + REPORT_SUFFIX.upper(), ".part-1"]
)
def test_a_file_cannot_pass_for_one_of_the_gateways_own(name: str) -> None:
    """A file called like a day list, manifest, report or temporary is archived under another name."""
    kept = archive_name(name)
    assert kept.lower() != DAY_LIST
    assert not kept.lower().endswith((MANIFEST_SUFFIX, REPORT_SUFFIX))
    assert not kept.startswith(".")


def test_a_long_name_keeps_its_extension_and_is_told_apart() -> None:
    """Of a name that is too long the start, a hash and the extension are kept."""
    one, other = archive_name("x" * 250 + "1.csv"), archive_name("x" * 250 + "2.csv")
    assert one.startswith("xxxx")
    assert one.endswith(".csv")
    assert one != other
    assert len(archive_name("ü" * 127).encode()) <= 215


def test_a_numbered_name_keeps_its_extension() -> None:
    """A name that is taken is told apart by the transfer's id before the extension."""
    assert numbered("orders.xml", "T0007") == "orders--T0007.xml"
    assert numbered("README", "T0007") == "README--T0007"


def test_companions_follow_their_file() -> None:
    """A companion keeps its name with its file, and is numbered where the file had to be."""
    assert companion_name("a.csv", "T1", "a.csv", "a.csv.done") == "a.csv.done"
    assert companion_name("a--T1.csv", "T1", "a.csv", "a.csv.done") == "a.csv--T1.done"


def test_a_temporary_name_is_hidden_short_and_the_same_each_time() -> None:
    """A writer that is tried again finds its own temporary, for the longest name too."""
    name = temporary_name("x" * 255)
    assert name == temporary_name("x" * 255)
    assert name.startswith(".part-")
    assert len(name) < 40


@given(ANY_NAMES)
def test_messages_show_any_name_on_one_line(name: str) -> None:
    """A name in a message is one printable line that encodes as UTF-8."""
    assert printable(name).isprintable()
    printable(name).encode("utf-8")
    portable_text(name).encode("utf-8")


def test_messages_show_the_bytes() -> None:
    """Bytes that are no text are shown in hex, so that people can find the file."""
    assert printable(os.fsdecode(b"a\xff\n.csv")) == r"a\xff\n.csv"
    assert portable_text(os.fsdecode(b"a\xff\n.csv")) == "a\\xff\n.csv"

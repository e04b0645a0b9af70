import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.findings import Findings
from gateway.formats.definition import Encoding
from gateway.readers.text import TextSource, decode_part

SIZES = (1, 2, 3, 5, 4 * 1024 * 1024)


def text_of(
    data: bytes, charset: str = "utf-8", bom: str = "optional", line_end: str = "any", size: int = SIZES[-1]
) -> tuple[str, Findings]:
    findings = Findings()
    blocks = list(TextSource(Encoding(charset, bom), line_end, findings, size).blocks(io.BytesIO(data)))
    assert [block.final for block in blocks] == [False] * (len(blocks) - 1) + [True] * bool(blocks)
    return "".join(block.text for block in blocks), findings


def places(findings: Findings) -> list[tuple[str, int | None, int | None, str | None]]:
    return [(each.code, each.line, each.byte_offset, each.value) for each in findings.listed()]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "charset", ["utf-8", "cp1252", "iso-8859-1", "iso-8859-15", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_every_declared_encoding_is_decoded_exactly(charset: str, size: int) -> None:
    """The gateway shall decode text of every declared encoding exactly, wherever a chunk ends."""
    text = "Menge;4,5\r\nGröße;ß\r\n" + ("" if charset == "iso-8859-1" else "€\r\n")
    assert text_of(text.encode(charset), charset, size=size)[0] == text


@pytest.mark.parametrize("size", SIZES)
def test_an_undecodable_byte_has_offset_line_and_hex_and_the_rest_is_read(size: int) -> None:
    """The gateway shall name byte offset, line and hex of a wrong byte, and read what follows."""
    text, findings = text_of(b"a\nb\xfcc\n\xe2\x82\nd", size=size)
    assert text == "a\nb\ufffdc\n\ufffd\ufffd\nd"
    assert places(findings) == [("F102", 2, 3, "fc"), ("F102", 3, 6, "e2 82")]


@pytest.mark.parametrize("size", SIZES)
def test_bytes_that_a_code_page_does_not_define_are_findings(size: int) -> None:
    """The gateway shall refuse the five bytes that code page 1252 leaves undefined."""
    text, findings = text_of(b"x\x81y\n\x8d", "cp1252", size=size)
    assert text == "x\ufffdy\n\ufffd"
    assert places(findings) == [("F102", 1, 1, "81"), ("F102", 2, 4, "8d")]


@pytest.mark.parametrize("size", SIZES)
def test_half_a_utf16_character_and_a_lone_surrogate_are_findings(size: int) -> None:
    """The gateway shall find a lone surrogate and a cut last character in UTF-16."""
    text, findings = text_of("a\n€".encode("utf-16") + b"\x00\xd8a\x00b", "utf-16", size=size)
    assert text == "a\n€\ufffda\ufffd"
    assert places(findings) == [("F102", 2, 8, "00 d8"), ("F102", 2, 12, "62")]


def test_wrong_bytes_are_counted_truly_and_listed_with_a_cap() -> None:
    """The gateway shall count every stretch of wrong bytes and list only the first ones."""
    _, findings = text_of(b"\xfcx" * 5000, size=1000)
    assert (findings.errors, len(findings.listed())) == (5000, 20)


@pytest.mark.parametrize(
    ("data", "charset", "policy", "problem"),
    [
        (b"\xef\xbb\xbfa", "utf-8", "optional", False),
        (b"\xef\xbb\xbfa", "utf-8", "required", False),
        (b"\xef\xbb\xbfa", "utf-8", "forbidden", True),
        (b"a", "utf-8", "forbidden", False),
        (b"a", "utf-8", "required", True),
        (b"\xff\xfea\0", "utf-16", "required", False),
        (b"\xfe\xff\0a", "utf-16", "optional", False),
        (b"\xff\xfea\0", "utf-16-le", "forbidden", True),
        (b"\xfe\xff\0a", "utf-16-le", "optional", True),
        (b"a\0", "utf-16", "optional", False),
        (b"\0a", "utf-16", "optional", False),
        (b"\xff\xfea\0", "utf-8", "optional", True),
        (b"\xef\xbb\xbfa", "cp1252", "optional", True),
    ],
)
def test_the_byte_order_mark_is_held_against_the_format(
    data: bytes, charset: str, policy: str, problem: bool
) -> None:
    """The gateway shall report a mark that is missing, forbidden or of another encoding, and read on."""
    text, findings = text_of(data, charset, policy)
    assert text == "a"
    assert [each.code for each in findings.listed()] == ["F103"] * problem


@pytest.mark.parametrize("size", SIZES)
def test_nul_characters_are_findings_with_their_place(size: int) -> None:
    """The gateway shall say where NUL characters begin, as in a file that was never filled."""
    _, findings = text_of(b"a\nb\0\0\0c\0", size=size)
    assert [place[:3] for place in places(findings)] == [("F114", 2, 3), ("F114", 2, 7)]


def test_an_empty_file_is_a_finding() -> None:
    """The gateway shall report a file without any byte."""
    text, findings = text_of(b"")
    assert (text, places(findings)) == ("", [("F101", None, 0, None)])


def test_a_stream_that_gives_little_at_a_time_is_read_whole() -> None:
    """The gateway shall not take a short read for the end of a file."""

    class Trickle(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(min(size or 3, 3))

    blocks = list(TextSource(Encoding(), "any", Findings(), 10).blocks(Trickle(b"0123456789abcdef")))
    assert "".join(block.text for block in blocks) == "0123456789abcdef"


@pytest.mark.parametrize("size", SIZES)
def test_no_block_ends_between_cr_and_lf(size: int) -> None:
    """The gateway shall keep CR and LF of one line end together whatever the chunk size."""
    source = TextSource(Encoding(), "any", Findings(), size)
    blocks = list(source.blocks(io.BytesIO(b"a\r\nb\r\n\r\nc\r")))
    assert not any(block.text.endswith("\r") for block in blocks[:-1])
    assert "".join(block.text for block in blocks) == "a\r\nb\r\n\r\nc\r"


@given(
    data=st.binary(max_size=60),
    size=st.integers(1, 20),
    charset=st.sampled_from(["utf-8", "cp1252", "utf-16"]),
)
def test_any_bytes_are_read_without_an_error_and_alike_in_all_chunks(
    data: bytes, size: int, charset: str
) -> None:
    """The gateway shall turn any bytes into the same text and totals, in whatever chunks they come."""
    text, findings = text_of(data, charset, size=size)
    whole, expected = text_of(data, charset)
    assert (text, findings.totals) == (whole, expected.totals)
    try:
        strict = data.decode(charset) if charset != "utf-16" else None
    except UnicodeDecodeError:
        assert findings.errors
    else:
        assert strict is None or "F102" not in {key[0] for key in findings.totals}


def test_a_beginning_cut_inside_a_character_decodes_as_far_as_it_goes() -> None:
    """The gateway shall read the head of a file even where it ends inside a character."""
    assert decode_part(Encoding("utf-8"), "Größe".encode()[:3]) == "Gr"

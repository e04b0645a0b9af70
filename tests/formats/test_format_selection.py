"""Which version a file has: from its envelope, its headings, its root, its name or its route."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import ConfigurationError
from gateway.formats.definition import Format, Version
from gateway.formats.selection import choose_version, heading, parse_range, root
from gateway.model import Finding
from tests.formats.format_kit import DELIMITED, FIXED, XML, Data, build, changed

if TYPE_CHECKING:
    from collections.abc import Mapping

V = Version.parse


def version(number: str, *texts: str, status: str = "released", base: Data = DELIMITED) -> Format:
    """Return a version of a format; ``texts`` in its version field mean it."""

    def change(data: Data) -> None:
        data.update(version=number, status=status)
        if "envelope" in data:
            data["envelope"]["format_version"] = {"field": "header.layout", "values": list(texts)}

    return build(changed(base, change))


OLD, NEW, NEXT = version("1.0.0", "1.0"), version("1.1.0", "1.1", "11"), version("2.0.0", "2.0")
ALL = [NEXT, NEW, OLD]


def stating(text: str | None) -> Mapping[str, str]:
    """Return what a probe sees in a file whose version field holds ``text``."""
    return {} if text is None else {"header.layout": text}


def choose(
    text: str | None, candidates: list[Format], how: str = "envelope", stated: str | None = None
) -> str:
    """Return the chosen version, or the finding's code."""
    found = choose_version(candidates, ALL, lambda _format: stating(text), how, stated)
    return found.code if isinstance(found, Finding) else str(found.version)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (">=1.0.0,<2", ["1.0.0", "1.9.9"], ["0.9.9", "2.0.0"]),
        ("1.1.0", ["1.1.0"], ["1.1.1"]),
        ("==1", ["1.0.0"], ["1.0.1"]),
        ("= 1.1", ["1.1.0"], ["1.2.0"]),
        ("!=1.1.0", ["1.0.0"], ["1.1.0"]),
        (" > 1.9 , <= 1.10.0 ", ["1.10.0"], ["1.9.0", "1.10.1"]),
    ],
)
def test_a_range_is_all_of_its_comparisons(text: str, inside: list[str], outside: list[str]) -> None:
    """The gateway shall accept the versions that satisfy every comparison of a route's range."""
    accepted = parse_range(text)
    assert all(accepted.accepts(V(each)) for each in inside)
    assert not any(accepted.accepts(V(each)) for each in outside)


@pytest.mark.parametrize("text", ["", ">=", "^1.0", "1.x", ">=1,,<2", "~=1", "1.0.0.0", "9" * 5000, "\u0661"])
def test_a_range_that_cannot_be_read_is_refused_with_an_example(text: str) -> None:
    """The gateway shall say which part of a range it does not understand, and how to write one."""
    with pytest.raises(ConfigurationError, match=r"is not a comparison.*>=1\.0\.0,<2"):
        parse_range(text)


NUMBERS = st.tuples(*[st.integers(0, 20)] * 3).map(lambda parts: Version(*parts))


@given(NUMBERS, NUMBERS)
def test_a_range_and_its_opposite_share_nothing(one: Version, other: Version) -> None:
    """The gateway shall put each version either into a range or into its opposite."""
    for sign, opposite in ((">=", "<"), (">", "<="), ("==", "!=")):
        assert parse_range(f"{sign}{one}").accepts(other) != parse_range(f"{opposite}{one}").accepts(other)


@pytest.mark.parametrize(
    ("text", "expected"), [("1.0", "1.0.0"), ("1.1", "1.1.0"), ("11", "1.1.0"), (" 2.0 ", "2.0.0")]
)
def test_the_version_field_of_the_envelope_decides(text: str, expected: str) -> None:
    """The gateway shall take the version whose texts stand in the file's version field."""
    assert choose(text, ALL) == expected


def test_without_texts_the_version_itself_stands_in_the_field() -> None:
    """The gateway shall recognise a version by its own number if the format lists no texts."""
    bare = build(changed(DELIMITED, lambda data: data["envelope"]["format_version"].pop("values")))
    assert choose_version([bare], [bare], lambda _f: stating("1.1.0"), "envelope") is bare


def test_a_version_that_nobody_knows_is_f208() -> None:
    """The gateway shall refuse a stated version that the catalogue does not have, and list those it has."""
    found = choose_version(ALL, ALL, lambda _f: stating("3.0"), "envelope")
    assert isinstance(found, Finding)
    assert (found.code, found.value) == ("F208", "3.0")
    assert found.message == "The file states version '3.0'; the catalogue knows: 2.0, 1.1, 11, 1.0."


def test_a_version_that_the_route_does_not_accept_is_f209() -> None:
    """The gateway shall refuse a known version outside the route's range, and say what it accepts."""
    found = choose_version([NEW, OLD], ALL, lambda _f: stating("2.0"), "envelope")
    assert isinstance(found, Finding)
    assert found.code == "F209"
    assert found.message == "The file has the layout confirmation 2.0.0; the route accepts: 1.1.0, 1.0.0."


def test_a_file_that_states_nothing_is_taken_as_the_newest_accepted() -> None:
    """The gateway shall report findings against the newest accepted version if a file states none."""
    assert choose(None, [NEW, OLD]) == "1.1.0"
    assert choose("  ", [NEW, OLD]) == "1.1.0"


def test_a_route_that_accepts_nothing_refuses_every_file() -> None:
    """The gateway shall say so if the route's range leaves no version."""
    assert choose(None, []) == "F209"
    assert choose("1.1", []) == "F209"


def test_a_retired_version_takes_no_files() -> None:
    """The gateway shall refuse a file in a retired layout, and a draft is taken."""
    retired, draft = version("1.0.0", "1.0", status="retired"), version("1.1.0", "1.1", status="draft")
    every = [draft, retired]
    found = choose_version(every, every, lambda _f: stating("1.0"), "envelope")
    assert isinstance(found, Finding)
    assert (found.code, found.message) == (
        "F209",
        "The file has the layout confirmation 1.0.0, which is retired.",
    )
    assert choose_version(every, every, lambda _f: stating("1.1"), "envelope") is draft


@pytest.mark.parametrize("how", ["name", "route"])
@pytest.mark.parametrize(
    ("stated", "expected"), [("1.1.0", "1.1.0"), ("11", "1.1.0"), ("2.0.0", "F209"), ("7", "F208")]
)
def test_name_or_route_decide_whatever_the_envelope_says(how: str, stated: str, expected: str) -> None:
    """The gateway shall take the version that the file name or the route states, where they count."""
    assert choose("1.0", [NEW, OLD], how, stated) == expected


def test_a_name_without_a_version_leaves_it_to_the_envelope() -> None:
    """The gateway shall look into the envelope if the name states no version."""
    assert choose("1.0", ALL, "name") == "1.0.0"


def test_headings_tell_a_version_where_there_is_no_version_field() -> None:
    """The gateway shall recognise a delimited version by exactly its column headings."""

    def table(number: str, *columns: str) -> Format:
        return build({
            "schema": 1, "message_type": "stock", "version": number, "status": "released", "title": "Stock",
            "kind": "delimited", "dialect": {"header_row": True, "delimiter": ","},
            "records": {"row": {"fields": {name: {"heading": name.upper()} for name in columns}}},
        })  # fmt: skip

    old, new = table("1.0.0", "plant", "qty"), table("1.1.0", "plant", "qty", "unit")
    assert heading(new) == "PLANT,QTY,UNIT"

    def chosen(line: str) -> object:
        return choose_version([new, old], [new, old], lambda _f: {"heading": line}, "envelope")

    assert chosen("PLANT,QTY") is old
    assert chosen("PLANT,QTY,UNIT") is new
    assert chosen("QTY,PLANT") is new


def test_the_root_element_tells_an_xml_version() -> None:
    """The gateway shall recognise an XML version by its root element and namespace."""
    old = version("1.0.0", base=XML)
    new = version(
        "2.0.0", base=changed(XML, lambda data: data["dialect"].update(namespace="urn:plant:order:2"))
    )
    assert root(old) == "{urn:plant:order}Orders"
    seen = {"root": "{urn:plant:order}Orders"}
    assert choose_version([new, old], [new, old], lambda _f: seen, "envelope") is old
    assert root(build(changed(XML, lambda data: data["dialect"].pop("namespace")))) == "Orders"


def test_a_format_that_nothing_tells_is_taken_when_accepted() -> None:
    """The gateway shall take the newest accepted version of a format without a version field."""
    only = build(FIXED)
    assert choose_version([only], [only], lambda _f: {}, "envelope") is only


@given(
    st.sampled_from(["1.0", "1.1", "11", "2.0", "9", "", None]), st.lists(st.sampled_from(ALL), unique_by=id)
)
def test_what_is_chosen_is_always_accepted(text: str | None, candidates: list[Format]) -> None:
    """The gateway shall never take a file under a version that the route does not accept."""
    found = choose_version(candidates, ALL, lambda _f: stating(text), "envelope")
    assert isinstance(found, Finding) or found in candidates


def test_a_file_that_states_nothing_is_never_a_draft_while_something_is_released() -> None:
    """The gateway shall take a file that states nothing as a released version before it tries a draft."""
    draft = version("2.0.0", "2.0", status="draft")
    found = choose_version([draft, NEW, OLD], [draft, NEW, OLD], lambda _f: stating(None), "envelope")
    assert found is NEW
    assert choose_version([draft], [draft], lambda _f: stating(None), "envelope") is draft


def test_the_version_that_was_in_force_is_preferred() -> None:
    """The gateway shall tell versions that look the same apart by the day on which the file arrived."""
    older = replace(OLD, effective_until="2026-06-30")
    newer = replace(NEW, effective_from="2026-07-01")
    for day, wanted in (("2026-06-30", older), ("2026-07-01", newer), (None, newer)):
        found = choose_version([newer, older], [newer, older], lambda _f: stating(None), "envelope", day=day)
        assert found is wanted


def test_the_words_of_a_refusal_say_who_refuses() -> None:
    """The gateway shall say of a version that is not accepted whose range leaves it out."""
    found = choose_version(
        [NEW], ALL, lambda _f: stating("1.0"), "envelope", accepted=lambda _f: "the sender M may send: >=1.1"
    )
    assert isinstance(found, Finding)
    assert found.message == "The file has the layout confirmation 1.0.0; the sender M may send: >=1.1."

"""Reports of a comparison: what they say, what counts, and that nothing in a definition can break them."""

from __future__ import annotations

import json as stdlib_json
import re
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.formats.compare.change import Change, Direction, Verdict
from gateway.formats.compare.reports import html, json, junit, markdown, text
from gateway.formats.compare.reports.subject import Report, Witness
from tests.compare.hand_made import HOSTILE, change, comparison, hostile, report

_JUNIT = etree.XMLSchema(etree.parse(Path(__file__).with_name("junit.xsd")))
_RENDERERS = (text.render, markdown.render, json.render, junit.render, html.render)

BREAK = change()
SILENT = change(
    "unit", Verdict.SILENT, Verdict.SILENT, path="records.item.fields.quantity.unit", old="KG", new="G"
)
REVIEW = change("record-key", Verdict.REVIEW, Verdict.REVIEW, path="records.item.key", old=None, new="id")
FINE = change("documentation", Verdict.OK, Verdict.BREAKING, path="title", old="", new="Stock")


def test_the_verdict_comes_first_and_then_the_worst_changes() -> None:
    """The text shall begin with the verdicts counted, and list changes with the worst first."""
    lines = text.render(report(FINE, BREAK, SILENT, REVIEW)).splitlines()
    assert lines[0] == "stock 1.0.0 -> stock 1.1.0"
    assert "Old files (stock 1.0.0) under stock 1.1.0: 1 silent, 1 breaking, 1 review, 1 ok" in lines
    assert "New files (stock 1.1.0) under stock 1.0.0: 1 silent, 1 breaking, 1 review, 1 ok" in lines
    order = [line.split()[0] for line in lines if re.match(r"[A-Z]{2,} \(", line)]
    assert order == ["SILENT", "BREAKING", "REVIEW", "OK"]


def test_every_change_is_told_whole() -> None:
    """A change shall be shown with code, kind, path, old, new, both verdicts, why and fingerprint."""
    one = report(BREAK)
    shown = text.render(one)
    fingerprint = one.comparisons[0].fingerprint(BREAK)
    for part in ("C512 decimals", BREAK.path, "3 -> 2", "breaking", "`1,125` has 3 decimals", fingerprint):
        assert part in shown


def test_changes_are_grouped_by_the_direction_that_is_asked_for() -> None:
    """What is harmless forwards shall be called breaking where both directions are judged."""
    assert "BREAKING (1), old files" not in text.render(report(FINE))
    assert "BREAKING (1), old files under the new version or new files" in text.render(
        report(FINE, both=True)
    )


def test_nothing_changed_is_said() -> None:
    """Two versions that say the same shall give a report that says so, in every form."""
    empty = report()
    assert "Nothing changed." in text.render(empty)
    assert "Nothing changed." in markdown.render(empty)
    assert "Nothing changed." in html.render(empty)
    assert stdlib_json.loads(json.render(empty))["comparisons"][0]["changes"] == []
    assert len(etree.fromstring(junit.render(empty).encode()).findall(".//testcase")) == 1


@pytest.mark.parametrize(
    ("limit", "failing"),
    [(None, 0), (Verdict.REVIEW, 3), (Verdict.BREAKING, 2), (Verdict.SILENT, 1)],
)
def test_a_verdict_fails_with_everything_that_is_worse(limit: Verdict | None, failing: int) -> None:
    """--fail-on shall count changes with the verdict or a worse one: review, breaking, silent."""
    assert len(report(FINE, BREAK, SILENT, REVIEW, limit=limit).failing()) == failing


def test_an_approved_change_does_not_fail_and_is_shown_with_its_reason() -> None:
    """An approved break shall not count, and be shown with who, when and why in every form."""
    approved = report(BREAK, limit=Verdict.BREAKING, approve=True)
    assert approved.failing() == []
    for render in _RENDERERS:
        shown = render(approved)
        assert "A. Smith" in shown
        assert "Agreed with ERP" in shown
    assert stdlib_json.loads(json.render(approved))["failing"] == 0
    assert etree.fromstring(junit.render(approved).encode()).findall(".//failure") == []


def test_a_failure_of_the_build_server_names_the_reason() -> None:
    """JUnit shall have one case per change and a failure with the sentence for each that counts."""
    tree = etree.fromstring(junit.render(report(FINE, BREAK, limit=Verdict.BREAKING)).encode())
    _JUNIT.assertValid(tree)
    assert tree.get("tests") == "2"
    failures = [(case.get("name"), each) for case in tree.iter("testcase") for each in case.iter("failure")]
    assert [(name, each.get("type"), each.get("message")) for name, each in failures] == [
        (BREAK.path, "breaking", "`1,125` has 3 decimals; at most 2 are accepted.")
    ]


def test_many_changes_are_summed_up_unless_every_one_is_asked_for() -> None:
    """A big comparison shall be shown by kind first, with a hint how to see each change."""
    many = report(*(change(path=f"schema.xsd/Type{number}") for number in range(500)))
    summary = text.render(many)
    assert len(summary.splitlines()) < 20
    assert "      500  C512 decimals" in summary
    assert "500 changes; --detail shows each of them." in summary
    assert "schema.xsd/Type499" in text.render(many, detail=True)
    assert "schema.xsd/Type499" in markdown.render(many)


def test_a_catalogue_is_told_with_what_differs_first() -> None:
    """Of many comparisons, the report shall count those that differ and leave out the others."""
    parts = (
        comparison(BREAK),
        comparison(old="bom 1.0.0", new="bom 1.0.0"),
        comparison(SILENT, old="order 1.0.0"),
    )
    whole = Report(parts, "1.0")
    shown = text.render(whole)
    assert shown.startswith("2 of 3 comparisons differ\n")
    assert "  silent    order 1.0.0 -> stock 1.1.0" in shown
    assert "bom" not in shown
    for render in _RENDERERS:
        assert render(whole) == render(whole)


def test_two_equal_catalogues_are_said_to_be_equal() -> None:
    """Where nothing was compared because nothing differs, every form shall say so."""
    nothing = Report((), "1.0", limit=Verdict.REVIEW)
    for render in (text.render, markdown.render, html.render):
        assert "Nothing differs" in render(nothing)
    assert stdlib_json.loads(json.render(nothing))["comparisons"] == []
    _JUNIT.assertValid(etree.fromstring(junit.render(nothing).encode()))


def test_lines_keep_to_the_width_of_the_terminal() -> None:
    """Text shall wrap at the width that it is given, words whole."""
    long = change(why="word " * 60)
    assert max(map(len, text.render(report(long), width=70).splitlines())) <= 70


def test_colours_change_nothing_but_the_look() -> None:
    """Painting shall be told each line and its verdict, and the plain text shall stay the same."""
    seen: list[tuple[str, str]] = []

    def paint(line: str, style: str) -> str:
        seen.append((line, style))
        return line

    one = report(BREAK, SILENT)
    assert text.render(one, paint=paint) == text.render(one)
    assert {style for _line, style in seen} == {"title", "silent", "breaking", "ok"}


def test_the_json_keeps_to_its_published_schema() -> None:
    """JSON shall be valid under the published schema, and hold every value whole."""
    jsonschema.Draft202012Validator.check_schema(json.schema())
    for one in (report(), report(BREAK, FINE, limit=Verdict.REVIEW, approve=True), hostile()):
        data = stdlib_json.loads(json.render(one))
        jsonschema.Draft202012Validator(json.schema()).validate(data)
    (only,) = data["comparisons"][0]["changes"]
    assert only["old"] == HOSTILE
    assert only["new"] == HOSTILE * 40


def test_the_witness_is_shown_where_there_is_one() -> None:
    """A report shall show the file that proves a verdict, and say where none was confirmed."""
    one = comparison(BREAK)
    key = (one.fingerprint(BREAK), Direction.OLD_UNDER_NEW)
    proof = Witness("S1.csv", "valid; refused with F303", True, 24, "c" * 64, excerpt=("H;1", "I;1,125"))
    for render in _RENDERERS:
        shown = render(Report((one,), "1.0", witnesses={key: proof}))
        assert "S1.csv" in shown
        assert "I;1,125" in shown
    unproved = Report((one,), "1.0", witnesses={key: Witness("", "no file was found", confirmed=False)})
    assert "no file was found" in text.render(unproved)


class _Tags(HTMLParser):
    """Collects the tags of a page, and whether every one that is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.open: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.links += [
            f"{tag} {name}" for name, _value in attrs if name in ("src", "href", "onclick", "onerror")
        ]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def _tags(page: str) -> _Tags:
    parser = _Tags()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


def test_the_page_stands_alone_and_is_accessible() -> None:
    """HTML shall be one page without scripts or anything loaded, with titled tables and headings."""
    page = html.render(report(BREAK, SILENT, limit=Verdict.BREAKING))
    tags = _tags(page)
    assert not tags.links
    assert tags.seen.isdisjoint({"script", "img", "link", "iframe", "object"})
    assert {"main", "h1", "h2", "h3", "caption", "th"} <= tags.seen
    assert '<html lang="en">' in page
    assert 'scope="col"' in page
    assert 'scope="row"' in page
    assert "url(" not in page


def test_no_text_of_a_definition_becomes_markup_or_obeyed() -> None:
    """Hostile names, values, reasons and lines shall be shown escaped in every form."""
    one = hostile()
    for render in _RENDERERS:
        shown = render(one)
        assert shown.replace("\n", "").isprintable()
        shown.encode("utf-8")
    assert _tags(html.render(one)).seen == _tags(html.render(report(BREAK, limit=Verdict.REVIEW))).seen | {
        "ul", "li", "pre",
    }  # fmt: skip
    _JUNIT.assertValid(etree.fromstring(junit.render(one).encode()))
    outside_code = re.sub(r"(`+).*?\1", "", markdown.render(one).replace("\\`", ""))
    assert "<script" not in outside_code.replace("\\<", "")


_TEXTS = st.text(max_size=40) | st.sampled_from([HOSTILE, "", "`", "``", "|", "]]>", "-->", "\\"])


@st.composite
def _changes(draw: st.DrawFn) -> Change:
    verdicts = draw(st.tuples(st.sampled_from(Verdict), st.sampled_from(Verdict)))
    old, new = draw(st.tuples(st.none() | _TEXTS, st.none() | _TEXTS))
    return change("decimals", *verdicts, path=draw(_TEXTS), old=old, new=new, why=draw(_TEXTS))


@settings(max_examples=60, deadline=None)
@given(st.lists(_changes(), max_size=4), st.sampled_from([None, *Verdict]), st.booleans())
def test_every_comparison_has_a_report_in_every_form(
    changes: list[Change], limit: Verdict | None, both: bool
) -> None:
    """Whatever texts stand in it, a comparison shall have a valid report of every form, always the same."""
    one = report(*changes, limit=limit, both=both)
    for render in _RENDERERS:
        shown = render(one)
        assert shown.endswith("\n")
        assert shown.replace("\n", "").isprintable()
        assert render(one) == shown
    jsonschema.Draft202012Validator(json.schema()).validate(stdlib_json.loads(json.render(one)))
    tree = etree.fromstring(junit.render(one).encode())
    _JUNIT.assertValid(tree)
    assert len(tree.findall(".//failure")) == len(one.failing())
    assert "script" not in _tags(html.render(one)).seen

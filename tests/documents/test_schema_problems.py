"""Every way in which a document breaks its schema is told at once, in words, with its line."""

from __future__ import annotations

from typing import Any

import pytest

from gateway import documents

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "routes"],
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]+$", "examples": ["plant"]},
        "interval": {"type": "integer", "minimum": 1, "maximum": 60},
        "order": {"enum": ["strict", "report", None]},
        "schema": {"const": 1},
        "routes": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"pattern": "^[a-z-]+$"},
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "versions": {
                        "type": "array",
                        "minItems": 1,
                        "uniqueItems": True,
                        "items": {"type": "string"},
                    },
                    "mark": {"type": ["string", "null"], "maxLength": 1},
                    "to": {
                        "oneOf": [
                            {
                                "type": "object",
                                "properties": {"path": {"type": "string"}},
                                "required": ["path"],
                            },
                            {"type": "string"},
                        ]
                    },
                },
            },
        },
    },
}


def told(text: str) -> list[str]:
    document = documents.parse(text.encode(), "site.yaml")
    return [str(problem) for problem in documents.validate(document, SCHEMA)]


def test_a_good_document_has_no_problems() -> None:
    """The gateway shall accept what the schema allows."""
    assert told("name: plant\nroutes:\n  orders: {versions: [1.1]}\n") == []


def test_all_problems_are_told_at_once_in_file_order() -> None:
    """The gateway shall report every problem of a document with its line, first things first."""
    found = told("nmae: plant\ninterval: 0\nroutes:\n  a: {mark: ';;'}\n  B: {}\n")
    assert [line.split(":")[1] for line in found] == ["1", "1", "2", "4", "5"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nmae: x", "1:1: nmae: `nmae` is not a known key; did you mean `name`? (allowed: interval, "),
        ("zzzzz: x", "`zzzzz` is not a known key (allowed"),
        ("interval: 1", "site.yaml:1:1: `name` is missing"),
        ("interval: soon", 'interval: wrong type of value (found "soon"; allowed: a whole number)'),
        ("interval: 61", "interval: the number is too large (found 61; allowed: at most 60)"),
        ("interval: true", "interval: wrong type of value (found true; allowed: a whole number)"),
        ("order: loose", 'not allowed (found "loose"; allowed: "strict", "report", null)'),
        ("schema: 2", "schema: this value is not allowed (found 2; allowed: 1)"),
        ("name: Plant 1", 'text that matches ^[a-z]+$, such as "plant"'),
        ("routes: {}", "routes: something is missing here (found a mapping of 0; allowed: at least 1)"),
        ("routes: {r: {versions: []}}", "routes.r.versions: the list is too short"),
        ("routes: {r: {versions: [a, a]}}", "routes.r.versions: the list has the same value twice"),
        ("routes: {r: {versions: [a, 1]}}", "routes.r.versions[2]: wrong type of value (found 1; "),
        ("routes: {r: {mark: [x]}}", "wrong type of value (found a list of 1; allowed: text or null)"),
        ("routes: {R1: {}}", 'routes.R1: this name is not allowed (found "R1"; allowed: text that matches'),
        ("routes: {r: {to: {path: 1}}}", "routes.r.to.path: wrong type of value (found 1; allowed: text)"),
    ],
)  # fmt: skip
def test_a_problem_says_what_was_found_and_what_is_allowed(text: str, expected: str) -> None:
    """The gateway shall explain each kind of schema error in plain words."""
    assert any(expected in line for line in told(text)), told(text)


def test_a_trailing_newline_does_not_slip_through_a_pattern() -> None:
    """The gateway shall not accept a name with a newline at its end."""
    assert any("the text does not have the right form" in line for line in told('name: "plant\\n"'))


def test_long_values_are_shortened() -> None:
    """The gateway shall not print a page where a value is wrong."""
    assert all(len(line) < 200 for line in told(f"interval: {'x' * 1000}"))


def test_a_problem_is_json_ready() -> None:
    """The gateway shall offer problems as data for `--json`."""
    document = documents.parse(b"name: plant\nroutes: 5\n", "site.yaml")
    (problem,) = documents.validate(document, SCHEMA)
    assert problem.to_dict() == {
        "file": "site.yaml", "message": "wrong type of value", "line": 2, "column": 1, "path": "routes",
        "found": "5", "allowed": "a mapping",
    }  # fmt: skip

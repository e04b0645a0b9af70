"""The catalogue of finding codes has what the code uses, and nothing else, in words that can be acted on."""

from __future__ import annotations

import ast
import re

import pytest

from gateway.finding_codes import CODES, FAMILIES, Code, Party
from gateway.operations.reprocess import ALLOWANCES
from tests.docs.finding_scenes import examples
from tests.docs.layers import PACKAGE

_CODE = re.compile(r"F[0-9]{3}")
#: Where findings are made; commands and operations only ask for them.
_ROOMS = ("formats/", "mappings/", "readers/", "rules/", "stages/", "validation/")


def used() -> dict[str, set[str]]:
    """Return every code that stands as a text of its own in the program, with the modules that have it."""
    found: dict[str, set[str]] = {}
    for path in PACKAGE.rglob("*.py"):
        if path.name == "finding_codes.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
                found.setdefault(node.value, set()).add(path.relative_to(PACKAGE).as_posix())
    return found


def test_every_code_that_the_program_uses_is_catalogued() -> None:
    """No finding shall have a code that nobody can look up."""
    assert set(used()) - set(CODES) == set()


def test_every_catalogued_code_is_raised_by_a_reader_rule_or_stage() -> None:
    """No code shall be described that nothing raises."""
    raised = {code for code, modules in used().items() if any(name.startswith(_ROOMS) for name in modules)}
    assert set(CODES) - raised == set()


def test_every_code_can_be_made_to_appear() -> None:
    """Each code shall be shown by a sample file, or by a small plant in which it happens."""
    shown = examples()
    assert set(shown) == set(CODES)
    assert all(example.text for example in shown.values())


@pytest.mark.parametrize("entry", CODES.values(), ids=lambda entry: entry.code)
def test_a_code_says_what_it_means_and_what_to_do(entry: Code) -> None:
    """Meaning and next step shall be whole sentences, and say nothing twice."""
    for text in (entry.meaning, entry.action):
        assert text[0].isupper()
        assert text.endswith((".", ")."))
        assert "  " not in text
    assert entry.meaning != entry.action
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.title)


def test_codes_and_titles_are_unique_and_in_order() -> None:
    """A code and a title shall mean one thing, and codes stand in the order of their numbers."""
    every = [entry for _title, family in FAMILIES for entry in family]
    assert [entry.code for entry in every] == sorted(CODES)
    assert len({entry.title for entry in every}) == len(every)


def test_what_an_operator_decides_names_a_command() -> None:
    """Where an operator has to decide, the next step shall show the command."""
    silent = [
        entry.code
        for entry in CODES.values()
        if entry.who is Party.OPERATOR and "`gateway " not in entry.action
    ]
    assert silent == []


def test_what_may_be_allowed_is_said_where_it_is_needed() -> None:
    """A finding that an operator may allow shall say by which word."""
    for word, code in ALLOWANCES.items():
        if word == "resend":  # nothing is missing: a replay is the better way
            continue
        assert f"--allow {word} " in CODES[code].action

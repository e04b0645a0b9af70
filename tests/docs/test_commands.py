"""Every command that a page shows is one that the program takes."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from gateway.cli.main import gateway
from gateway.finding_codes import CODES
from gateway.operations.reprocess import ALLOWANCES
from tests.docs.layers import PACKAGE
from tests.docs.markdown import ALL, code_lines, spans
from tests.docs.pages import ROOT
from tests.pipeline.plant import Plant, confirmation, name_of

_COMMAND = re.compile(r"(?:\$ )?(?:sudo )?(?:gateway|python3? -m gateway)(?= |$)(?P<arguments>.*)")
#: Where a command ends on a line of a shell: a pipe, a redirection, a comment, the words beside it.
_END = re.compile(r" (?:\\?\||>|#|&&)|  +(?=[a-z])")
#: What a synopsis leaves open.
_OPEN = re.compile(r"\[[^\]]*\](?:\.\.\.)?|(?<![\".])\.\.\.(?![\".])")


class NoCommand(Exception):
    """What a page shows is not what the program takes."""


def shown_in(page: Path) -> Iterator[str]:
    """Yield the arguments of every command that a page shows, in its text and its code blocks."""
    for text in (*spans(page), *code_lines(page)):
        found = _COMMAND.match(text)
        if found:
            yield _END.split(found["arguments"], maxsplit=1)[0].strip()


def quoted_in_code() -> Iterator[tuple[str, str]]:
    """Yield the arguments of every command in backticks in a text of the program, and the module."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for span in re.findall(r"(?<!`)`(gateway(?: [^`]*)?)`(?!`)", node.value):
                    found = _COMMAND.match(" ".join(span.split()))
                    if found:
                        yield path.relative_to(PACKAGE).as_posix(), _END.split(found["arguments"])[0].strip()


def check(arguments: str) -> None:
    """Raise NoCommand where the program would not take ``arguments``.

    Words in capitals stand for whatever the reader puts there; a command without any argument is
    the name of a command, whatever it needs.
    """
    words = shlex.split(_OPEN.sub(" ", arguments))
    command: click.Command = gateway
    words = _take_options(command, words)
    while isinstance(command, click.Group) and words:
        name = words.pop(0)
        found = command.get_command(click.Context(command), name)
        if found is None:
            if name in ("COMMAND", "--help"):
                return
            raise NoCommand(f"there is no {name!r}: gateway {arguments}")
        command = found
    given = list(words)
    values = _take_options(command, words, anywhere=True)
    _check_values(command, values, arguments, named_only=all(word.startswith("--") for word in given))


def _take_options(command: click.Command, words: list[str], *, anywhere: bool = False) -> list[str]:
    """Return ``words`` without the options of ``command``; those before its name unless ``anywhere``."""
    known = {text: option for option in command.params if isinstance(option, click.Option)
             for text in (*option.opts, *option.secondary_opts)}  # fmt: skip
    rest: list[str] = []
    while words and (anywhere or words[0].startswith("-")):
        word = words.pop(0)
        if not word.startswith("-"):
            rest.append(word)
        elif word in ("--help", "-h", "--version"):
            continue
        elif word not in known:
            raise NoCommand(f"{command.name} has no option {word}")
        elif not known[word].is_flag:
            if not words:
                raise NoCommand(f"{word} needs a value")
            _check_value(known[word], words.pop(0))
    return rest if anywhere else words


def _check_value(option: click.Parameter, value: str) -> None:
    if not value.isupper() and isinstance(option.type, click.Choice) and value not in option.type.choices:
        raise NoCommand(f"{value!r} is none of {option.type.choices}")
    if option.name == "allow" and not value.isupper() and value not in ALLOWANCES:
        raise NoCommand(f"{value!r} cannot be allowed")
    if option.name == "code" and value != "CODE" and value not in CODES:
        raise NoCommand(f"there is no finding code {value!r}")


def _check_values(command: click.Command, values: list[str], shown: str, *, named_only: bool) -> None:
    if isinstance(command, click.Group):
        return
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    most = 10_000 if any(each.nargs == -1 for each in arguments) else len(arguments)
    least = 0 if named_only else sum(1 for each in arguments if each.required)
    if not least <= len(values) <= most:
        raise NoCommand(f"{len(values)} arguments where {least} to {most} are taken: gateway {shown}")


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_on_a_page_exists(page: Path) -> None:
    """A page shall show no command, option, word or finding code that the program does not take."""
    for arguments in shown_in(page):
        check(arguments)


def test_every_command_in_a_message_exists() -> None:
    """Hints, reports and help shall name no command that the program does not take."""
    quoted = list(quoted_in_code())
    assert len(quoted) > 20
    for _module, arguments in quoted:
        check(arguments)


@pytest.mark.parametrize(
    "wrong",
    ["frobnicate", "failed list --codes F302", "failed show A B", "replay --reason x",
     "duplicates --verdict twice", "reprocess X --allow everything", "failed list --code F999"],
)  # fmt: skip
def test_a_wrong_command_would_be_found(wrong: str) -> None:
    """The test of the pages shall see what is wrong with a command."""
    with pytest.raises(NoCommand):
        check(wrong)


@pytest.mark.parametrize(
    "command",
    [("reprocess", name_of(1)), ("replay", name_of(2)), ("hold", "release", name_of(2)),
     ("sequence", "waive", "confirmations", "1"), ("sequence", "reset", "confirmations", "1")],
    ids=" ".join,
)  # fmt: skip
def test_nothing_is_changed_without_a_reason(
    plant: Plant, command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command that changes something shall refuse to do so without a reason."""
    plant.drop(name_of(1), confirmation(1, quantity="x"))
    plant.drop_confirmation(2)
    plant.run()
    before = plant.states()
    with pytest.raises(SystemExit) as left:
        gateway.main(["--site", str(plant.directory), *command])
    assert left.value.code == 2
    assert "[reason-missing]" in capsys.readouterr().err
    assert plant.states() == before

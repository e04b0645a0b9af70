"""The README: every command works as it stands, every link leads somewhere, every output is real."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from gateway.cli.main import COMMANDS, gateway
from tests.start.fresh import REPOSITORY

PAGES = (REPOSITORY / "README.md", REPOSITORY / "docs" / "installing.md")
README = PAGES[0].read_text(encoding="utf-8")

_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


def _commands(page: Path) -> list[list[str]]:
    """Return the words after ``gateway`` of every command that ``page`` shows."""
    found = []
    for block in re.findall(r"```(?:console|ini)?\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        for line in block.splitlines():
            match = re.search(
                r"(?:(?:^|\$ |/|sudo -u gateway )gateway|python3 -m gateway) ((?:--|[a-z]).*)", line
            )
            if match and not line.startswith("useradd"):
                words = shlex.split(re.split(r" >>| \|\|", match[1])[0], comments=True)
                found.append(words)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_is_one(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command that the page shows shall be one that the command line understands."""
    monkeypatch.chdir(tmp_path)
    Path("mended.csv").touch()
    shown = _commands(page)
    assert shown
    for words in shown:
        _parse(gateway, words)


def _parse(group: click.Group, words: list[str]) -> None:
    """Parse ``words`` to the last command without running it; click complains of what it does not know."""
    with group.make_context("gateway", list(words), resilient_parsing=False) as context:
        name, command, rest = group.resolve_command(context, [*context._protected_args, *context.args])
    assert command is not None, name
    if isinstance(command, click.Group):
        _parse(command, rest)
    else:
        command.make_context(name, list(rest))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    """Every link of the page that is not an address of the web shall name a file of the repository."""
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_the_two_commands_are_there() -> None:
    """The README shall give the two commands that a stranger needs, and both shall be modules here."""
    section = README.partition("## Two commands")[2].partition("\n## ")[0]
    told = re.findall(r"^\$ python3 -m (\S+)", section, re.MULTILINE)
    assert told == ["gateway", "tests"]
    assert all((REPOSITORY / module / "__main__.py").is_file() for module in told)
    assert "demo" in COMMANDS


def test_what_it_shows_of_a_failure_is_real(demo_output: str) -> None:
    """What the README shows of a failed file shall be what the commands print, line by line."""
    printed = {_ID.sub("ID", line) for line in demo_output.splitlines()}
    block = README.partition("## When a file fails")[2].partition("```console\n")[2].partition("```")[0]
    shown = [line for line in block.splitlines() if line != "..." and not line.startswith("$ ")]
    assert len(shown) > 10
    assert [line for line in shown if _ID.sub("ID", line) not in printed] == []


def test_it_is_short() -> None:
    """The README shall be read in a few minutes: everything else is a link."""
    assert len(README.splitlines()) < 120
    assert max(len(line) for line in README.splitlines()) <= 110

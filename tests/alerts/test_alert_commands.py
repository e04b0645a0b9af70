"""`gateway alerts`: the list, and the test of a channel, on a real site."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.plant import CONFIGURATION, WRONG, Plant

_ALERTS = """\
alerts:
  channels:
    pager: {{type: command, command: [{program}, mes-duty]}}
    hook: {{type: webhook, url: {{env: HOOK_URL_OF_NOBODY}}}}
  rules:
    - {{to: [pager]}}
"""


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """A site that pages somebody."""
    program = tmp_path / "page"
    program.write_text(f"#!/bin/sh\ncat >> {tmp_path}/paged; [ ! -e {tmp_path}/down ]\n")
    program.chmod(0o755)
    return Plant.make(tmp_path / "site", CONFIGURATION + _ALERTS.format(program=program))


def _paged(tmp_path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (tmp_path / "paged").read_text().splitlines()]


def test_a_channel_is_tried_on_request(plant: Plant, tmp_path: Path) -> None:
    """`gateway alerts test` shall send a message now, and say why where that cannot be."""
    assert "pager took the test message" in plant.done("--actor", "m.keller", "alerts", "test", "pager")
    (message,) = _paged(tmp_path)
    assert (message["occasion"], message["site"]) == ("test", "Plant 1000")
    assert "m.keller" in str(message["text"])
    (tmp_path / "down").touch()
    refused = plant.run("alerts", "test", "pager")
    assert refused.exit_code == 1
    assert "[alert-undelivered] The program left with status 1" in refused.stderr
    assert plant.run("alerts", "test", "fax").stderr.endswith("Channels: pager, hook\n")
    without = plant.run("alerts", "test", "hook")
    assert without.exit_code == 5
    assert "HOOK_URL_OF_NOBODY" in without.stderr


def test_the_list_says_what_is_wrong_and_who_was_told(plant: Plant, tmp_path: Path) -> None:
    """`gateway alerts list` shall show what lasts, who was told, and what was refused."""
    assert "Nothing is wrong" in plant.done("alerts", "list")
    plant.drop("confirmations", WRONG)
    (tmp_path / "down").touch()
    plant.run("run", "--once", HOOK_URL_OF_NOBODY="https://127.0.0.1:1/")
    listed = plant.done("alerts", "list")
    assert "file-failed" in listed
    assert "1 file failed with F302 on route confirmations" in listed
    assert "status 1" in listed
    assert "channel pager, which takes no alerts" in plant.done("status")

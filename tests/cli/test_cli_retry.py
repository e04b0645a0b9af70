"""`gateway retry`: what waits for a later try is tried at once, asked for by somebody, for a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.operations.opening import open_site
from gateway.rules.waking import Wake
from gateway.stages.due import route_due
from tests.cli.plant import CONSUMPTION, Plant, put_off

_NAME = Path(CONSUMPTION.format(1)).name
_PLACE = "route consumption destination history"


@pytest.fixture
def waiting(busy: Plant, tmp_path: Path) -> Plant:
    """A site on which a delivery, an acknowledgement and two places wait for a later try."""
    plant = busy.copy(tmp_path / "site")
    put_off(plant)
    return plant


def test_what_waits_is_tried_by_the_next_pass(waiting: Plant) -> None:
    """A retry shall let the next pass deliver what waited for a place left alone, on record."""
    (waiting.directory / "outbox" / "history").mkdir()
    waiting.run("run", "--once")
    assert not (waiting.directory / "outbox" / "history" / _NAME).exists()
    before = waiting.json("audit", "log")
    seen = waiting.json("retry", _NAME, "--dry-run")
    assert [one["destination"] for one in seen["deliveries"]] == ["history"]
    assert [one["place"] for one in seen["circuits"]] == [_PLACE]
    assert seen["changed"] is False
    assert waiting.json("audit", "log") == before
    with open_site(waiting.directory) as context:
        passed = context.clock.now()
    done = waiting.json("--actor", "anna", "retry", _NAME, "--reason", "mounted again")
    assert done == {**seen, "changed": True}
    with open_site(waiting.directory) as context:
        due = route_due(context, context.site.route("consumption"), passed, 0.1)
    assert due is not None
    assert due.why is Wake.RETRY
    waiting.run("run", "--once")
    assert (waiting.directory / "outbox" / "history" / _NAME).exists()
    entries = waiting.json("audit", "log", "--action", "retry-requested")
    assert {one["object_type"] for one in entries} == {"transfer", "place"}
    for entry in entries:
        assert (entry["actor"], entry["role"], entry["reason"]) == ("anna", "operator", "mounted again")
    assert waiting.json("retry", _NAME, "--reason", "again")["changed"] is False


def test_a_choice_takes_what_fits_and_nothing_else(waiting: Plant) -> None:
    """A route shall choose its deliveries and places; --all everything that a pass would ever try."""
    other = waiting.json("retry", "--route", "orders", "--dry-run")
    assert (other["deliveries"], other["circuits"]) == ([], [])
    everything = waiting.json("retry", "--all", "--dry-run")
    assert len(everything["deliveries"]) == len(everything["acknowledgements"]) == 1
    assert [one["place"] for one in everything["circuits"]] == [_PLACE]
    said = waiting.done("retry", "--all", "--reason", "all is well")
    assert said.endswith("3 things are tried at once: by the service, or by gateway run --once.\n")


@pytest.mark.parametrize(
    ("arguments", "code", "status"),
    [
        ([], "usage", 2),
        (["--all", "--route", "orders"], "usage", 2),
        (["--route", "nowhere"], "usage", 2),
        (["--server", "nobody"], "action-refused", 2),
        (["nothing.txt"], "action-refused", 2),
    ],
)
def test_a_wrong_choice_changes_nothing(busy: Plant, arguments: list[str], code: str, status: int) -> None:
    """A retry of nothing, of all and some, or of what there is not shall be refused, as without a reason."""
    result = busy.run("retry", *arguments, "--reason", "x")
    assert (result.exit_code, result.stderr.split("]")[0]) == (status, f"gateway: [{code}")
    assert "[reason-missing]" in busy.run("retry", "--all").stderr

"""Checksum files beside files that are delivered to folders."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from gateway.custody import moves
from gateway.model import State
from tests.pipeline.plant import Plant, confirmation, name_of, route

NAME = name_of(1)


@pytest.fixture
def checked(tmp_path: Path) -> Plant:
    """Return a plant whose receiver wants a checksum file."""
    to = "{erp: {path: outbox/erp, checksum_file: .sha256, done_marker: .done}}"
    return Plant.build(tmp_path / "site", route(destinations=to))


def expected() -> str:
    return f"{hashlib.sha256(confirmation(1)).hexdigest()}  {NAME}\n"


def test_the_checksum_file_is_there_before_its_file(checked: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway shall name the checksum file, then the file, then the marker."""
    order = []
    rename = moves.rename_new

    def note(source: str, target: str) -> None:
        rename(source, target)
        if "outbox" in target:
            order.append(Path(target).name)

    monkeypatch.setattr(moves, "rename_new", note)
    checked.drop_confirmation(1)
    checked.run()
    assert order == [f"{NAME}.sha256", NAME, f"{NAME}.done"]
    assert (checked.directory / "outbox" / "erp" / f"{NAME}.sha256").read_text() == expected()
    checked.demand_proof()


def test_a_crash_between_the_names_is_carried_on(checked: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gateway shall deliver file, checksum file and marker once, wherever it was killed between them."""
    rename = moves.rename_new
    outbox = checked.directory / "outbox" / "erp"
    cases = [(at, is_done) for at in (1, 2, 3) for is_done in (True, False)]
    for control, (at, is_done) in enumerate(cases, 1):
        calls: list[str] = []

        def crash(
            source: str, target: str, at: int = at, is_done: bool = is_done, calls: list[str] = calls
        ) -> None:
            if "outbox" in target:
                calls.append(target)
            is_due = "outbox" in target and len(calls) == at
            if not is_due or is_done:
                rename(source, target)
            if is_due:
                raise KeyboardInterrupt

        name = checked.drop_confirmation(control).name
        with monkeypatch.context() as patched:
            patched.setattr(moves, "rename_new", crash)
            with pytest.raises(KeyboardInterrupt):
                checked.run()
        checked.run()
        digest = hashlib.sha256((outbox / name).read_bytes()).hexdigest()
        assert (outbox / f"{name}.sha256").read_text() == f"{digest}  {name}\n"
        assert len(checked.delivered()) == 3 * control
    assert set(checked.states().values()) == {State.PROCESSED}
    checked.demand_proof()


def test_a_checksum_file_of_another_content_is_in_the_way(checked: Plant) -> None:
    """The gateway shall not replace a checksum file that it did not write; its own it replaces."""
    outbox = checked.directory / "outbox" / "erp"
    (outbox / f"{NAME}.sha256").write_text("another\n")
    checked.drop_confirmation(1)
    (report,) = checked.run()
    assert "target-occupied" in str(report.problems[0].error)
    assert checked.delivered() == [f"{NAME}.sha256"]
    (outbox / f"{NAME}.sha256").write_text(expected())
    checked.clock.advance(minutes=5)
    checked.run()
    assert checked.delivered() == [NAME, f"{NAME}.done", f"{NAME}.sha256"]


def test_a_name_taken_at_the_last_moment_takes_the_checksum_file_back(
    checked: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway shall leave no checksum file beside another one's file."""
    outbox = checked.directory / "outbox" / "erp"
    rename = moves.rename_new

    def race(source: str, target: str) -> None:
        if target == str(outbox / NAME) and not Path(target).exists():
            Path(target).write_bytes(b"theirs")
        rename(source, target)

    checked.drop_confirmation(1)
    with monkeypatch.context() as patched:
        patched.setattr(moves, "rename_new", race)
        checked.run()
    assert [name for name in checked.delivered() if not name.startswith(".")] == [NAME]
    assert (outbox / NAME).read_bytes() == b"theirs"
    (outbox / NAME).unlink()
    checked.clock.advance(minutes=5)
    checked.run()
    assert checked.delivered() == [NAME, f"{NAME}.done", f"{NAME}.sha256"]

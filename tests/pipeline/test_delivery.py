"""Delivery: whole files under final names, once, in order, each destination with its own troubles."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.custody import moves
from gateway.model import DeliveryState, State
from gateway.operations.reprocess import replay
from tests.hostile.hostile_kit import small_disk
from tests.pipeline.plant import Plant, confirmation, name_of, route

NAME = name_of(1)
RETRY = "retry: {first: 60s, factor: 2, cap: 10m, jitter: 0}"
TWO = f"{{erp: {{path: outbox/erp, {RETRY}}}, history: {{path: outbox/history, {RETRY}}}}}"
ONE = f"{{erp: {{path: outbox/erp, {RETRY}}}}}"


@pytest.fixture
def two(tmp_path: Path) -> Plant:
    """Return a plant whose route has two destinations."""
    return Plant.build(tmp_path / "site", route(destinations=TWO))


def outbox(plant: Plant, name: str = "erp") -> Path:
    return plant.directory / "outbox" / name


def take(plant: Plant, destination: str = "erp") -> dict[str, bytes]:
    """Be the receiver: take every file away and return what was there."""
    taken = {}
    for path in outbox(plant, destination).iterdir():
        if not path.name.startswith("."):
            taken[path.name] = path.read_bytes()
            path.unlink()
    return taken


# --- what a receiver sees


@contextmanager
def watched(directory: Path) -> Iterator[list[dict[str, bytes]]]:
    """Record what a receiver sees who looks all the time: each time the visible names and contents."""
    seen: list[dict[str, bytes]] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            names = [name for name in os.listdir(directory) if not name.startswith(".")]
            seen.append({name: (directory / name).read_bytes() for name in names})

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()


def test_a_receiver_never_sees_a_part_of_a_file(plant: Plant) -> None:
    """The gateway shall show a file at its destination whole or not at all, under its final name."""
    content = confirmation(1, rows=20_000)
    plant.drop(NAME, content)
    with watched(outbox(plant)) as seen:
        plant.run()
    assert all(look in ({}, {NAME: content}) for look in seen)
    assert plant.delivered() == [NAME]


def test_the_done_marker_comes_after_its_file(tmp_path: Path) -> None:
    """The gateway shall write the marker of a destination when the file has its final name, not before."""
    plant = Plant.build(
        tmp_path / "site", route(destinations="{erp: {path: outbox/erp, done_marker: .ready}}")
    )
    for control in range(1, 6):
        plant.drop_confirmation(control)
    with watched(outbox(plant)) as seen:
        plant.run()
    assert plant.delivered() == sorted(
        [name_of(control) for control in range(1, 6)]
        + [f"{name_of(control)}.ready" for control in range(1, 6)]
    )
    for look in seen:
        assert {name.removesuffix(".ready") for name in look if name.endswith(".ready")} <= look.keys()
    assert (outbox(plant) / f"{NAME}.ready").read_bytes() == b""


def test_a_receiver_that_takes_files_at_once_gets_each_once(plant: Plant) -> None:
    """The gateway shall not deliver again what the receiver has taken away already."""
    received: list[str] = []
    for control in range(1, 4):
        plant.drop_confirmation(control)
        plant.run()
        received += take(plant)
        plant.run()
    received += take(plant)
    assert received == [name_of(1), name_of(2), name_of(3)]
    plant.demand_proof()


@pytest.mark.parametrize("step", ["before the rename", "after the rename"])
def test_a_crash_around_the_rename_delivers_once_though_the_receiver_is_quick(
    plant: Plant, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The gateway shall deliver once where it crashes at the rename and the receiver takes the file."""
    plant.drop_confirmation(1)
    rename = moves.rename_new

    def crash(source: str, target: str) -> None:
        if "outbox" not in target or step == "after the rename":
            rename(source, target)
        if "outbox" in target:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(moves, "rename_new", crash)
        with pytest.raises(KeyboardInterrupt):
            plant.run()
    first = take(plant)
    assert [one.state for one in plant.deliveries(NAME)] == [DeliveryState.STAGED]
    plant.run()
    second = take(plant)
    assert [*first, *second] == [NAME]
    assert plant.states() == {NAME: State.PROCESSED}
    plant.demand_proof()


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{name}", NAME),
        ("{stem}_{control_number}{suffix}", "CONF_MES01_0000001_0000001.csv"),
        ("{route}-{message_id}.txt", "confirmations-CNF-MES01-000001.txt"),
        ("{id}", "{id}"),
    ],
)
def test_a_destination_names_files_as_it_likes(tmp_path: Path, template: str, expected: str) -> None:
    """The gateway shall name delivered files by the destination's template, always one safe component."""
    plant = Plant.build(
        tmp_path / "site", route(destinations=f"{{erp: {{path: outbox/erp, file_name: '{template}'}}}}")
    )
    plant.drop_confirmation(1)
    plant.run()
    (name,) = plant.delivered()
    assert name.lstrip("~2E") == expected.replace("{id}", plant.transfer(NAME).id).lstrip(".")
    assert plant.deliveries(NAME)[0].target == name


# --- a destination that fails


def remove(directory: Path) -> Callable[[], None]:
    directory.rmdir()
    return directory.mkdir


def replace_by_file(directory: Path) -> Callable[[], None]:
    directory.rmdir()
    directory.write_text("not a directory")

    def repair() -> None:
        directory.unlink()
        directory.mkdir()

    return repair


def occupy(directory: Path) -> Callable[[], None]:
    (directory / NAME).write_bytes(b"somebody else's")

    def repair() -> None:
        assert (directory / NAME).read_bytes() == b"somebody else's"
        (directory / NAME).unlink()

    return repair


def lock(directory: Path) -> Callable[[], None]:
    """Make the directory read-only; root is not kept out by that, so for root the name is taken instead."""
    if os.geteuid() == 0:
        return occupy(directory)
    directory.chmod(0o555)
    return lambda: directory.chmod(0o755)


@pytest.mark.parametrize("break_", [remove, replace_by_file, occupy, lock])
def test_one_failing_destination_does_not_touch_the_other(
    two: Plant, break_: Callable[[Path], Callable[[], None]]
) -> None:
    """The gateway shall keep a transfer delivering, visibly, until its failing destination is repaired."""
    repair = break_(outbox(two))
    two.drop_confirmation(1)
    (report,) = two.run()
    assert two.states() == {NAME: State.DELIVERING}
    assert two.delivered("history") == [NAME]
    assert report.is_troubled
    erp, history = sorted(two.deliveries(NAME), key=lambda one: one.destination)
    assert (history.state, history.tries) == (DeliveryState.DELIVERED, 1)
    assert (erp.state, erp.tries) == (DeliveryState.PENDING, 1)
    (shown,) = two.overview()["deliveries"]
    assert (shown["destination"], shown["tries"]) == ("erp", 1)
    assert shown["last_error"]
    assert shown["next_try_at"] > two.clock.now()
    take(two, "history")
    repair()
    two.run()
    assert two.states() == {NAME: State.DELIVERING}  # not before its time
    two.clock.advance(seconds=61)
    two.run()
    assert two.states() == {NAME: State.PROCESSED}
    assert two.delivered() == [NAME]
    assert two.delivered("history") == []
    assert [one["state"] for one in two.manifest(NAME)["deliveries"]] == ["delivered", "delivered"]
    two.demand_proof()


def test_a_full_destination_is_tried_again_when_there_is_room(two: Plant) -> None:
    """The gateway shall leave no part of a file at a full destination, and deliver when it has room."""
    content = confirmation(1, rows=1000)
    with small_disk(outbox(two), 256) as disk:
        (disk / "ballast").write_bytes(bytes(160 * 1024))
        two.drop(NAME, content)
        two.run()
        assert two.delivered() == ["ballast"]
        assert "disk-full" in str(two.overview()["deliveries"][0]["last_error"])
        assert two.delivered("history") == [NAME]
        (disk / "ballast").unlink()
        two.clock.advance(seconds=61)
        two.run()
        assert (disk / NAME).read_bytes() == content
    assert two.states() == {NAME: State.PROCESSED}
    two.demand_proof()


def test_the_time_between_tries_grows_to_its_cap(tmp_path: Path) -> None:
    """The gateway shall wait longer after each failed try, up to the configured cap, for ever."""
    plant = Plant.build(tmp_path / "site", route(destinations=ONE))
    outbox(plant).rmdir()
    plant.drop_confirmation(1)
    waits = []
    for _ in range(6):
        before = plant.clock.now()
        plant.run()
        (delivery,) = plant.deliveries(NAME)
        assert delivery.next_try_at is not None
        waits.append(round((delivery.next_try_at - before).total_seconds() / 60))
        plant.clock.advance(seconds=(delivery.next_try_at - before).total_seconds())
    assert waits == [1, 2, 4, 8, 10, 10]
    assert [one.tries for one in plant.deliveries(NAME)] == [6]
    failed = plant.trail(plant.transfer(NAME).id, "delivery-failed")
    assert len(failed) == 6
    assert "outbox" in failed[0].outcome


def test_a_file_that_is_always_due_again_does_not_keep_the_others_back(tmp_path: Path) -> None:
    """The gateway shall try every other delivery of a pass before it tries a failed one again."""
    plant = Plant.build(
        tmp_path / "site", route(destinations="{erp: {path: outbox/erp, retry: {first: 1ms, cap: 1ms}}}")
    )
    config = plant.directory / "config" / "gateway.yaml"
    config.write_text(config.read_text().replace("routes:", "  limits: {batch_files: 1}\nroutes:", 1))
    (outbox(plant) / NAME).write_bytes(b"in the way")
    for control in range(1, 5):
        plant.drop_confirmation(control)
    plant.run()
    assert plant.delivered() == [name_of(control) for control in range(1, 5)]
    assert [row.state for row in plant.transfers()] == [State.DELIVERING, *[State.PROCESSED] * 3]


def test_retries_of_many_files_are_spread(tmp_path: Path) -> None:
    """The gateway shall not try all files again at one moment."""
    plant = Plant.build(
        tmp_path / "site", route(destinations="{erp: {path: outbox/erp, retry: {first: 10m, jitter: 0.2}}}")
    )
    outbox(plant).rmdir()
    for control in range(1, 9):
        plant.drop_confirmation(control)
    plant.run()
    times = [plant.deliveries(name_of(control))[0].next_try_at for control in range(1, 9)]
    found = [one - plant.clock.now() for one in times if one is not None]
    assert len(set(found)) == 8
    assert all(timedelta(minutes=7) < one < timedelta(minutes=13) for one in found)


def test_nothing_overtakes_on_a_strict_stream_while_a_file_waits_for_its_retry(tmp_path: Path) -> None:
    """The gateway shall deliver nothing of a strict stream where its predecessor waits for a retry."""
    plant = Plant.build(
        tmp_path / "site", route(destinations=TWO, sequence="{model: counter, order: strict, start: 1}")
    )
    occupant = outbox(plant) / name_of(2)
    occupant.write_bytes(b"in the way")
    for control in (1, 2, 3):
        plant.drop_confirmation(control)
    plant.drop_confirmation(1, sender="MES02", first=9000)
    plant.run()
    assert take(plant).keys() == {name_of(1), name_of(2), name_of(1, "MES02")}
    plant.drop_confirmation(4)
    for _ in range(3):
        plant.run()
    assert take(plant) == {}
    assert plant.delivered("history") == sorted(
        [name_of(control) for control in (1, 2, 3, 4)] + [name_of(1, "MES02")]
    )
    assert {name: state for name, state in plant.states().items() if state is State.DELIVERING}.keys() == {
        name_of(control) for control in (2, 3, 4)
    }
    plant.clock.advance(seconds=61)
    plant.run()
    assert plant.delivered() == [name_of(control) for control in (2, 3, 4)]
    sent = [one.delivered_at for control in (2, 3, 4) for one in plant.deliveries(name_of(control))]
    assert None not in sent
    plant.demand_proof()


def test_a_destination_that_left_the_configuration_is_waited_for(two: Plant) -> None:
    """The gateway shall keep a file for a destination that is configured no longer, and say so."""
    outbox(two).rmdir()
    two.drop_confirmation(1)
    two.run()
    outbox(two).mkdir()
    two.configure(route(destinations=f"{{history: {{path: outbox/history, {RETRY}}}}}"))
    two.clock.advance(hours=1)
    two.drop_confirmation(2)
    (report,) = two.run()
    assert two.states() == {NAME: State.DELIVERING, name_of(2): State.PROCESSED}
    assert "no longer in the configuration" in str(report.problems[0].error)
    two.configure(route(destinations=TWO))
    two.clock.advance(hours=1)
    two.run()
    assert two.states()[NAME] is State.PROCESSED
    assert two.delivered() == [NAME]
    two.demand_proof()


def test_two_files_of_one_name_are_both_delivered(tmp_path: Path) -> None:
    """The gateway shall let the second file of a name wait until the receiver has taken the first."""
    plant = Plant.build(tmp_path / "site", route(destinations=ONE, name_pattern="'X\\.csv'"))
    contents = [confirmation(1), confirmation(2)]
    for content in contents:
        plant.drop("X.csv", content)
        plant.run()
    assert [row.state for row in plant.transfers()] == [State.PROCESSED, State.DELIVERING]
    assert "occupied" in str(plant.deliveries("X.csv")[0].last_error)
    assert take(plant) == {"X.csv": contents[0]}
    plant.clock.advance(seconds=61)
    plant.run()
    assert take(plant) == {"X.csv": contents[1]}
    assert [row.state for row in plant.transfers()] == [State.PROCESSED] * 2
    assert len(plant.everywhere("X.csv.manifest.json")) == 1
    assert len({row.settled_path for row in plant.transfers()}) == 2
    plant.demand_proof()


def test_an_old_marker_in_the_way_never_causes_a_second_delivery(tmp_path: Path) -> None:
    """The gateway shall deliver once although the receiver left the marker of an earlier file of the name."""
    plant = Plant.build(
        tmp_path / "site",
        route(destinations=f"{{erp: {{path: outbox/erp, done_marker: .done, {RETRY}}}}}"),
    )
    (outbox(plant) / f"{NAME}.done").touch()
    plant.drop_confirmation(1)
    plant.run()
    assert plant.states() == {NAME: State.DELIVERING}
    received = list(take(plant))
    for _ in range(3):
        plant.clock.advance(minutes=20)
        plant.run()
        received += take(plant)
    assert received.count(NAME) == 1
    assert plant.states() == {NAME: State.PROCESSED}
    plant.demand_proof()


def test_a_route_without_destinations_archives(tmp_path: Path) -> None:
    """The gateway shall validate and archive on a route that delivers nowhere."""
    plant = Plant.build(tmp_path / "site", route(destinations="{}"))
    plant.drop_confirmation(1)
    plant.run()
    assert plant.states() == {NAME: State.PROCESSED}
    plant.demand_proof()


def test_each_delivery_has_a_key_of_its_own(two: Plant) -> None:
    """The gateway shall give every attempt of a transfer its own delivery key, the same for all tries."""
    outbox(two).rmdir()
    two.drop_confirmation(1)
    two.run()
    keys = {one.key for one in two.deliveries(NAME)}
    two.clock.advance(hours=1)
    outbox(two).mkdir()
    two.run()
    assert {one.key for one in two.deliveries(NAME)} == keys == {f"{two.transfer(NAME).id}-1"}
    take(two)
    take(two, "history")
    with two.opened() as context:
        replay(context, [NAME], "the receiver lost it")
    two.run()
    assert {one.key for one in two.deliveries(NAME)} == keys | {f"{two.transfer(NAME).id}-2"}
    assert two.delivered() == two.delivered("history") == [NAME]

"""Deliveries that a crash cut off between staging and the confirmed name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gateway.destinations.folder import Folder
from gateway.errors import DestinationError
from gateway.model import DeliveryState, State
from tests.pipeline.plant import Plant, confirmation, name_of


class Cut(Exception):
    """Stands for the process being killed."""


def _cut_off(plant: Plant, monkeypatch: pytest.MonkeyPatch, after_rename: bool) -> None:
    """Run a pass that ends between the commit of the staging and the commit of the delivery."""
    publish = Folder.publish

    def cut(self: Folder, parcels: object) -> object:
        if after_rename:
            publish(self, parcels)  # type: ignore[arg-type]
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "publish", cut)
        plant.run()
    (delivery,) = plant.deliveries(name_of(1))
    assert delivery.state is DeliveryState.STAGED


@pytest.fixture
def outbox(plant: Plant) -> Path:
    """Return the directory that the plant's files are delivered to."""
    return plant.directory / "outbox" / "erp"


def test_a_file_that_was_taken_before_the_restart_is_not_delivered_again(
    plant: Plant, outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that had its name before the crash and was taken by the receiver shall count as delivered."""
    plant.drop_confirmation(1)
    _cut_off(plant, monkeypatch, after_rename=True)
    (outbox / name_of(1)).unlink()
    plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED}
    assert plant.delivered() == []


def test_an_unmounted_share_is_not_taken_for_a_delivery(
    plant: Plant, outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file staged on a share that is not mounted after the restart shall be delivered to it later."""
    plant.drop_confirmation(1)
    _cut_off(plant, monkeypatch, after_rename=False)
    share = outbox.rename(outbox.with_name("share"))
    outbox.mkdir()
    plant.run()
    assert plant.states() == {name_of(1): State.DELIVERING}
    outbox.rmdir()
    share.rename(outbox)
    plant.clock.advance(hours=1)
    plant.run()
    assert (outbox / name_of(1)).read_bytes() == confirmation(1)
    assert plant.states() == {name_of(1): State.PROCESSED}


def test_a_missing_directory_is_not_taken_for_a_delivery(
    plant: Plant, outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file staged in a directory that is gone after the restart shall wait for it."""
    plant.drop_confirmation(1)
    _cut_off(plant, monkeypatch, after_rename=False)
    away = outbox.rename(outbox.with_name("away"))
    plant.run()
    (delivery,) = plant.deliveries(name_of(1))
    assert delivery.state is DeliveryState.STAGED
    assert "is not there" in (delivery.last_error or "")
    away.rename(outbox)
    plant.clock.advance(hours=1)
    plant.run()
    assert plant.delivered() == [name_of(1)]


def test_a_destination_missing_from_one_pass_gets_nothing_twice(
    plant: Plant, outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A destination that is left out of the configuration once shall not get a delivered file again."""
    plant.drop_confirmation(1)
    _cut_off(plant, monkeypatch, after_rename=True)
    (outbox / name_of(1)).unlink()
    path = plant.directory / "config" / "gateway.yaml"
    text = path.read_text()
    path.write_text(text.replace("      erp: {path: outbox/erp}", "      other: {path: outbox/other}"))
    plant.run()
    path.write_text(text)
    plant.clock.advance(hours=1)
    plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED}
    assert plant.delivered() == []


def test_a_file_staged_elsewhere_and_already_there_is_not_written_again(
    plant: Plant, outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The very file under its name in a directory that was made anew shall count as delivered."""
    plant.drop_confirmation(1)
    _cut_off(plant, monkeypatch, after_rename=True)
    copy = outbox.with_name("copy")
    shutil.copytree(outbox, copy)
    outbox.rename(outbox.with_name("old"))
    copy.rename(outbox)
    plant.run()
    assert plant.states() == {name_of(1): State.PROCESSED}
    assert plant.delivered() == [name_of(1)]


def test_a_place_that_is_not_there_has_no_identity(tmp_path: Path) -> None:
    """A destination that is not there shall say so, before anything is decided about it."""
    from gateway.config.settings import FolderDestination

    with pytest.raises(DestinationError, match="not there"):
        Folder(FolderDestination("erp", tmp_path / "nothing")).identity()

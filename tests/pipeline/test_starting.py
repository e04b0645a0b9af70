"""What a pass looks at before it begins."""

from __future__ import annotations

import shutil

import pytest

from gateway.errors import AuditBroken, LedgerError
from gateway.ledger import audit
from gateway.model import State
from gateway.stages.in_force import IN_FORCE
from tests.pipeline.plant import Plant, name_of


def test_a_lost_ledger_is_never_replaced_by_an_empty_one(plant: Plant) -> None:
    """A site whose ledger is gone shall refuse to run, and leave what waits in the inbox."""
    plant.drop_confirmation(1)
    plant.run()
    shutil.rmtree(plant.directory / "ledger")
    plant.drop_confirmation(2)
    with pytest.raises(LedgerError, match="There is no ledger"):
        plant.run()
    assert [path.name for path in plant.inbox().iterdir()] == [name_of(2)]


def test_an_older_ledger_is_noticed_before_anything_is_delivered_again(plant: Plant) -> None:
    """A ledger restored from an old backup shall stop the run: it does not know what was delivered since."""
    plant.drop_confirmation(1)
    plant.run()
    saved = plant.directory.parent / "saved"
    shutil.copytree(plant.directory / "ledger", saved)
    plant.drop_confirmation(2)
    plant.run()
    shutil.rmtree(plant.directory / "ledger")
    shutil.copytree(saved, plant.directory / "ledger")
    plant.drop_confirmation(3)
    with pytest.raises(AuditBroken, match="not the one this site had"):
        plant.run()
    assert plant.delivered() == [name_of(1), name_of(2)]


def test_a_changed_configuration_is_in_the_audit_trail(plant: Plant) -> None:
    """A configuration that changed between two passes shall show in the audit trail, old and new."""
    plant.run()
    plant.run()
    path = plant.directory / "config" / "gateway.yaml"
    path.write_text(path.read_text().replace("Test plant", "Changed plant"))
    plant.run()
    with plant.opened() as context, context.ledger.read() as connection:
        first, second = (one.entry for one in audit.read(connection, action=IN_FORCE))
    assert first.old is None
    assert second.old is not None
    assert second.new is not None
    assert second.old["text"]["site"]["name"] == "Test plant"
    assert second.new["text"]["site"]["name"] == "Changed plant"


def test_a_changed_format_is_in_the_audit_trail(plant: Plant) -> None:
    """A format whose bytes changed between two passes shall show in the audit trail by its digest."""
    plant.run()
    path = plant.directory / "formats" / "confirmation" / "1.1.0" / "format.yaml"
    path.write_bytes(path.read_bytes() + b"# changed\n")
    plant.drop_confirmation(1)
    plant.run()
    with plant.opened() as context, context.ledger.read() as connection:
        first, second = (one.entry.new for one in audit.read(connection, action=IN_FORCE))
    assert first is not None
    assert second is not None
    changed = {name for name in first["formats"] if first["formats"][name] != second["formats"][name]}
    assert changed == {"confirmation 1.1.0"}
    assert plant.states() == {name_of(1): State.PROCESSED}

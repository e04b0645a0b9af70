"""A small plant with something of everything to do, for runs that meet errors: `tests.faults` uses it."""

from __future__ import annotations

from pathlib import Path

from gateway.operations.reprocess import Selection, replay, reprocess, select
from tests.pipeline.plant import Plant, confirmation, name_of

ROUTES = """\
  confirmations:
    partner: MES
    message_type: confirmation
    source: {pattern: "*.csv"}
    completeness: {require: [done-marker]}
    sequence: {model: counter, order: strict, start: 1}
    destinations:
      erp: {path: outbox/erp, done_marker: .done}
      history: {path: outbox/history}
  mapped:
    partner: MES
    message_type: confirmation
    source: {pattern: "*.csv"}
    completeness: {require: [none]}
    deliver_as: confirmation@2.0.0
    destinations: {erp: {path: outbox/mapped}}
"""


def build(directory: Path) -> Plant:
    """Return a plant with something of everything to do: requests of all kinds, and eight files that wait.

    Of the two on the mapped route one becomes another version, and the other cannot.
    """
    plant = Plant.build(directory, ROUTES)
    _drop(plant, name_of(8, "MES02"), confirmation(8, sender="MES02", quantity="1O,0"))
    _drop(plant, name_of(1, "MES03"), confirmation(1, sender="MES03", first=30_000))
    _drop(plant, name_of(1, "MES04"), confirmation(1, sender="MES04", quantity="4o,0"))
    plant.run()
    receive(plant)
    with plant.opened() as context:
        reprocess(context, select(context, Selection((name_of(8, "MES02"),))), "the kill test asks for it")
        replay(context, [name_of(1, "MES03")], "the receiver lost it")
    by_hand = plant.directory / "replay" / "confirmations"
    failed = plant.directory / "failed" / "confirmations" / name_of(1, "MES04")
    failed.rename(by_hand / failed.name)
    (by_hand / f"{failed.name}.request.json").write_text('{"actor": "Miller", "reason": "by hand"}')
    _drop(plant, name_of(1), confirmation(1))
    _drop(plant, name_of(3), confirmation(3))
    _drop(plant, name_of(2), confirmation(2))
    _drop(plant, name_of(6), confirmation(6))
    _drop(plant, "CONF_MES01_0000001-again.csv", confirmation(1))
    _drop(plant, name_of(4), confirmation(4, quantity="4B0,5"))
    plant.drop(name_of(1, "MES05"), confirmation(1, sender="MES05", first=50_000), "mapped")
    no_such_hour = confirmation(2, sender="MES05", first=60_000).replace(
        b"17.11.2026 06:00:00", b"29.03.2026 02:30:00"
    )
    plant.drop(name_of(2, "MES05"), no_such_hour, "mapped")
    return plant


def _drop(plant: Plant, name: str, content: bytes) -> None:
    plant.drop(name, content)
    plant.drop(f"{name}.done", b"")


def receive(plant: Plant) -> dict[str, list[str]]:
    """Be the receivers: take what is there, the ERP only what has its done marker; return the names."""
    outbox = plant.directory / "outbox"
    taken: dict[str, list[str]] = {"erp": [], "history": [], "mapped": []}
    for marker in sorted((outbox / "erp").glob("[!.]*.done")):
        marker.with_suffix("").unlink()
        marker.unlink()
        taken["erp"].append(marker.stem)
    for name in ("history", "mapped"):
        for path in sorted((outbox / name).glob("[!.]*")):
            path.unlink()
            taken[name].append(path.name)
    return taken

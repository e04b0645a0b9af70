"""The day of a plant whose partners share directories with it: every path that a file can go.

Senders of the route `confirmations`, each with a stream of their own: MES01 waits for a predecessor
that comes; MES02's file fails and is tried as it is; MES03's is corrected; MES04's is replayed by
command; MES05's is put into replay/ by hand; MES06's is freed by an operator, MES07's by a waiver; MES08's
waits in vain until it fails. The other routes say each of the three things to every kind of
duplicate and to files without bytes, want other evidence, and one of them rewrites files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.operations.correct import correct
from gateway.operations.holds import release_by_hand
from gateway.operations.reprocess import Selection, replay, reprocess, select
from gateway.operations.sequences import waive
from gateway.stages.arrive import arrive
from gateway.stages.context import Context, Report
from tests.faults.day import Day, Step, command, run_pass, run_route, taken_from
from tests.pipeline.plant import Plant, confirmation, name_of, route

_DAY = "CONFIRMED-TODAY.ctl"


def _duplicates(action: str) -> str:
    kinds = ("resend", "conflict", "copy", "record_duplicate")
    said = {kind: "fail" if (kind, action) == ("conflict", "accept-and-note") else action for kind in kinds}
    return "{" + ", ".join(f"{kind}: {one}" for kind, one in said.items()) + "}"


ROUTES = (
    route(
        completeness="{require: [done-marker]}",
        sequence="{model: counter, order: strict, start: 1, hold: 4h, expired: fail}",
        destinations="{erp: {path: outbox/erp, done_marker: .done}, history: {path: outbox/history}}",
    )
    + route("failing", duplicates=_duplicates("fail"), destinations="{erp: {path: outbox/failing}}")
    + route(
        "aside",
        completeness="{require: [checksum]}",
        duplicates=_duplicates("set-aside"),
        empty_file="set-aside",
        destinations="{erp: {path: outbox/aside, checksum_file: .sha256}}",
    )
    + route(
        "noting",
        completeness="{require: [control-file]}",
        duplicates=_duplicates("accept-and-note"),
        empty_file="accept-and-note",
        destinations="{erp: {path: outbox/noting}}",
    )
    + route("mapped", deliver_as="confirmation@2.0.0", destinations="{erp: {path: outbox/mapped}}")
)


def build(directory: Path) -> None:
    """Make the site; its formats lie beside it, so that they are not copied for every point."""
    plant = Plant.build(directory, ROUTES)
    (directory / "formats").rename(directory.parent / "formats")
    config = directory / "config" / "gateway.yaml"
    config.write_text(config.read_text().replace("site:\n", "site:\n  formats: ../formats\n", 1))
    del plant


def _own(number: int, control: int, quantity: str = "480,000") -> tuple[str, bytes]:
    """Return a file of sender ``number``, with record keys that no other file has."""
    sender = f"MES{number:02d}"
    first = number * 10_000 + control * 100
    return name_of(control, sender), confirmation(control, sender=sender, first=first, quantity=quantity)


def _marked(plant: Plant, number: int, control: int, quantity: str = "480,000") -> None:
    name, content = _own(number, control, quantity)
    plant.drop(name, content)
    plant.drop(f"{name}.done", b"")


def _proved(plant: Plant, route: str, files: dict[str, bytes]) -> None:
    """Drop files with the evidence that the route wants."""
    for name, content in files.items():
        plant.drop(name, content, route)
        if route == "aside":
            plant.drop(f"{name}.sha256", f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode(), route)
    if route == "noting":
        lines = [f"{name};{hashlib.sha256(content).hexdigest()}" for name, content in files.items()]
        plant.drop(_DAY, "\n".join(["file;sha256", *lines, ""]).encode(), route)


_SUM = ".sha256"
_JUDGING = ("failing", "aside", "noting")


def _morning(plant: Plant) -> None:
    _marked(plant, 1, 1)
    _marked(plant, 1, 3)
    for number in (2, 3, 5):
        _marked(plant, number, 1, "4o,0")
    _marked(plant, 4, 1)
    _marked(plant, 6, 2)
    _marked(plant, 7, 3)
    _marked(plant, 8, 2)
    for place, name in enumerate(_JUDGING, 20):
        _proved(plant, name, dict([_own(place, 1)]))
    plant.drop(*_own(30, 1), "mapped")
    name, content = _own(30, 2)
    plant.drop(name, content.replace(b"17.11.2026 06:00:00", b"29.03.2026 02:30:00"), "mapped")


def _repeats(plant: Plant) -> None:
    """Put a failed file into replay/; drop duplicates of each kind on each route, and files without bytes."""
    _put_into_replay(plant)
    copied = _own(4, 1)[1]
    for place, name in enumerate(_JUDGING, 20):
        first, content = _own(place, 1)
        sender = f"MES{place:02d}"
        again = confirmation(9, sender=sender, first=place * 10_000 + 101)
        files = {
            first.replace(".csv", "-again.csv"): content,
            first.replace(".csv", "-other.csv"): confirmation(1, sender=sender, first=place * 10_000 + 900),
            name_of(5, sender): copied,
            name_of(9, sender): again,
            name_of(7, sender): b"",
        }
        _proved(plant, name, files)


def _look_only(plant: Plant) -> None:
    """See what arrived on one route, and take nothing yet."""
    with plant.working() as context:
        settings = next(one for one in context.site.routes if one.name == "failing")
        for _batch in arrive(context, settings, Report("failing")):
            return


def _correct(context: Context) -> None:
    name, content = _own(3, 1)
    corrected = context.site.directory.parent / f"corrected-{name}"
    corrected.write_bytes(content)
    correct(context, select(context, Selection((name,)))[0], corrected, "as the paper says")


def _put_into_replay(plant: Plant) -> None:
    name, _content = _own(5, 1)
    place = plant.directory / "replay" / "confirmations"
    (plant.directory / "failed" / "confirmations" / name).rename(place / name)
    (place / f"{name}.request.json").write_text('{"actor": "Miller", "reason": "put here by hand"}')


def _again(context: Context) -> None:
    reprocess(context, select(context, Selection((_own(2, 1)[0],))), "the kill matrix asks for it")


def _allow(context: Context) -> None:
    name = _own(20, 1)[0].replace(".csv", "-other.csv")
    reprocess(context, select(context, Selection((name,))), "both are meant", ["conflict"])


def receive(directory: Path) -> dict[str, list[str]]:
    """Be the receivers: the ERP takes only what has its done marker, the others every whole file.

    A checksum file is there before its data, and is taken with it.
    """
    outbox = directory / "outbox"
    taken = {}
    for place in sorted(path.name for path in outbox.iterdir()):
        there = sorted(path.name for path in (outbox / place).glob("[!.]*"))
        names = [one for one in there if not one.endswith(_SUM) or one.removesuffix(_SUM) in there]
        if place == "erp":
            marked = [name for name in names if f"{name}.done" in names]
            names = [*marked, *(f"{name}.done" for name in marked)]
        taken[place] = taken_from(outbox / place, names)
    return taken


def _by_route(name: str, world: Callable[[Plant], None], *, copied: bool = True) -> Iterator[Step]:
    """Yield a pass over each route: what is killed in one has only that one to do again."""
    for route_ in ("confirmations", *_JUDGING, "mapped"):
        yield Step(f"{name}, {route_}", run_route(route_), world, copied=copied)
        world, copied = _nothing, True


def _nothing(plant: Plant) -> None:
    """Be a world in which nothing happens."""


LOCAL = Day(
    "local",
    build,
    (
        *_by_route("morning", _morning),
        Step("arrival only", _look_only, lambda plant: plant.drop(*_own(20, 2), "failing")),
        Step("withdrawn", run_pass, lambda plant: (plant.inbox("failing") / _own(20, 2)[0]).unlink()),
        Step("reprocess", command(_again)),
        Step("replay", command(lambda context: replay(context, [_own(4, 1)[0]], "the receiver lost it"))),
        Step("correct", command(_correct)),
        *_by_route("noon", _repeats, copied=False),
        Step(
            "release",
            command(lambda context: release_by_hand(context, [_own(6, 2)[0]], "number 1 was never sent")),
        ),
        Step(
            "waive",
            command(lambda context: waive(context, "confirmations/MES07", "1", "2", "never sent")),
        ),
        Step("allow", command(_allow)),
        Step("afternoon", run_pass, lambda plant: _marked(plant, 1, 2), hour=1),
        Step("deadline", run_pass, hour=6),
        Step("day after", run_pass, hour=30),
    ),
    receive,
)

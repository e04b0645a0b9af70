"""A real example of every finding code: of the samples where one shows it, else made in a small plant."""

from __future__ import annotations

import dataclasses
import functools
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from gateway.findings import Findings
from gateway.findings_reference import Example
from gateway.formats.definition import Version
from gateway.ledger import arrivals
from gateway.model import Sighting
from gateway.operations.ledger_care.rebuilding import rebuild
from gateway.operations.validating import validate_file
from gateway.printable import printable
from gateway.rules import completeness
from gateway.stages import examine
from gateway.stages.arrive import arrive
from gateway.stages.claim import claim
from gateway.stages.context import Report
from gateway.validation import report
from gateway.validation.reading import Input, ListingLimits, read_files
from tests.pipeline.plant import ROUTE, Plant, ShiftedClock, confirmation, name_of, route
from tests.samples.sample_expectations import CATALOGUE, ROOT, judge, samples

#: Ids differ from run to run; the page shows this one.
_ID = re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b")
_SHOWN_ID = "01KAM2V7Q0ZC4X9T5B8N3D6HRE"
#: A finding may quote a whole row; the page shows its beginning.
_LONGEST = 230

Scene = Callable[[Path], Iterator[tuple[str, Example]]]


@functools.cache
def examples() -> dict[str, Example]:
    """Return one example for each code that can be made to appear, from the samples and from scenes."""
    found = dict(_of_samples())
    with tempfile.TemporaryDirectory() as directory:
        for scene in _SCENES:
            place = Path(directory, scene.__name__)
            place.mkdir()
            for code, example in scene(place):
                found.setdefault(code, example)
    return found


def _of_samples() -> Iterator[tuple[str, Example]]:
    """Yield for each code the sample that shows the fewest others with it."""
    bad = [(sample, sample.expectation) for sample in samples("bad")]
    by_code: dict[str, tuple[int, Any]] = {}
    for sample, expectation in bad:
        codes = [*expectation["codes"], *expectation["follow"]]
        for code in codes:
            if code not in by_code or len(codes) < by_code[code][0]:
                by_code[code] = (len(codes), sample)
    del by_code["F210"]  # what the route asks of a name is not read from the file
    for code, (_count, sample) in by_code.items():
        path = sample.path.relative_to(ROOT)
        yield code, example_of(path.name, code, judge(sample).summary(), sample=path.as_posix())


def example_of(name: str, code: str, summary: Mapping[str, Any], sample: str | None = None) -> Example:
    """Return the first finding of ``code`` as the report beside the failed file shows it."""
    one = next(each for each in summary["listed"] if each["code"] == code)
    message = printable(str(one["message"]))
    line = f"{report._place(one)}{message}{report._raw_value(one, message)}"
    line = line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."
    return Example(name, _ID.sub(_SHOWN_ID, line), one["severity"], sample)


def _failed(plant: Plant, name: str, code: str) -> tuple[str, Example]:
    """Return the example that a file's newest transfer shows."""
    findings = plant.transfer(name).findings
    assert findings is not None, name
    return code, example_of(name, code, findings)


def _waiting(plant: Plant, name: str, route: str = "confirmations") -> tuple[str, Example]:
    """Return the example that a file in the inbox shows, as `gateway status` does."""
    with plant.opened() as context, context.ledger.read() as connection:
        (seen,) = (one for one in arrivals.waiting(connection, route) if one.name == name)
    return seen.reason_code, Example(name, seen.reason, "waits")


def _alone(name: str, content: bytes, message_type: str, code: str, directory: Path) -> tuple[str, Example]:
    """Return the example that `gateway validate` shows."""
    path = directory / name
    path.write_bytes(content)
    result = validate_file(path, message_type, CATALOGUE)
    return code, example_of(name, code, result.findings.summary())


def _validated(directory: Path) -> Iterator[tuple[str, Example]]:
    """Limits and constants."""
    rows = confirmation(1).decode().replace("DISP-01", "x" * 1_100_000)
    yield _alone(name_of(1), rows.encode(), "confirmation", "F113", directory)
    idoc = (ROOT / "samples/material/1.0.0/good").glob("*.idoc")
    content = min(idoc).read_bytes().replace(b"MATMAS                        ", b"DEBMAS" + b" " * 24, 1)
    yield _alone(min(path.name for path in (ROOT / "samples/material/1.0.0/good").glob("*.idoc")),
                 content, "material", "F311", directory)  # fmt: skip
    order = min((ROOT / "samples/order/1.1.0/good").glob("*.xml")).read_bytes()
    deep = order[: order.index(b">", order.index(b"xmlns")) + 1] + b"<a>" * 300
    yield _alone("ORD-ERPPRD-20261119-119.xml", deep, "order@1.1.0", "F504", directory)


def _disk(_directory: Path) -> Iterator[tuple[str, Example]]:
    """A disk that fails: the kernel refuses to read the first page of a process."""

    def refused() -> BinaryIO:
        return open("/proc/self/mem", "rb", buffering=0)

    definition = CATALOGUE.get("confirmation", Version.parse("1.1.0"))
    (reading,) = read_files(definition, [Input(0, name_of(1), refused)], limits=ListingLimits())
    yield "F115", example_of(name_of(1), "F115", reading.findings.summary())


def _still_written(directory: Path) -> Iterator[tuple[str, Example]]:
    """A sender that goes on writing after the file was taken."""
    plant = Plant.build(directory / "site")
    plant.drop_confirmation(1)
    with plant.working() as context:
        route, report = context.site.routes[0], Report("confirmations")
        (row,) = claim(context, next(arrive(context, route, report)), report)
        with open(context.working_path(row), "ab") as file:
            file.write(b"C;3;1100")
    plant.run()
    yield _failed(plant, name_of(1), "F116")


def _own_fault(directory: Path) -> Iterator[tuple[str, Example]]:
    """A format that no check of the catalogue let through, so that the gateway cannot apply it."""
    sound = CATALOGUE.get("confirmation", Version.parse("1.1.0"))
    row = sound.record_type("confirmation")
    fields = (*row.fields[:-1], dataclasses.replace(row.fields[-1], pattern="("))
    types = [dataclasses.replace(one, fields=fields) if one is row else one for one in sound.record_types]
    broken = dataclasses.replace(sound, record_types=tuple(types))
    path = directory / name_of(1)
    path.write_bytes(confirmation(1))
    reading = examine._read_alone(broken, Input(0, path.name, lambda: path.open("rb")), ListingLimits())
    yield "F199", example_of(name_of(1), "F199", reading.findings.summary())


def _lost_ledger(directory: Path) -> Iterator[tuple[str, Example]]:
    """A file that could not be delivered yet when the ledger was lost."""
    plant = Plant.build(directory / "plant")
    (plant.directory / "outbox" / "erp").rename(directory / "away")
    plant.drop(name_of(1), confirmation(1))
    plant.run()
    (directory / "away").rename(plant.directory / "outbox" / "erp")
    rebuild(plant.directory, "the disk of the ledger failed")
    plant.run()
    yield _failed(plant, name_of(1), "F905")


def _strangers(directory: Path) -> Iterator[tuple[str, Example]]:
    """A layout and names that the route does not expect."""
    strangers = (
        ("F209", name_of(1), '    versions: "<1.1"\n'),
        ("F210", "Export 19.11.2026.csv", ""),
        ("F904", "19:30 day shift.csv", ""),
    )
    for code, name, setting in strangers:
        plant = Plant.build(directory / code, ROUTE + setting)
        plant.drop(name, confirmation(1))
        plant.run()
        yield _failed(plant, name, code)


@dataclasses.dataclass
class _NextYear(ShiftedClock):
    """A clock that stands still on the first day after the layout's last one, so that the page is stable."""

    def now(self) -> datetime:
        """Return that moment."""
        return datetime(2027, 7, 1, 6, tzinfo=UTC)


def _too_late(directory: Path) -> Iterator[tuple[str, Example]]:
    """A layout that was agreed until the day before."""
    plant = Plant.build(directory / "site")
    plant.clock = _NextYear()
    sample = ROOT / "samples/confirmation/1.0.0/good/CONF_MES01_0000001.csv"
    plant.drop(sample.name, sample.read_bytes())
    plant.run()
    yield _failed(plant, sample.name, "F214")


def _stated_beside(directory: Path) -> Iterator[tuple[str, Example]]:
    """Checksum and control files that contradict their file until the gateway's patience ends."""
    for kind, code in (("checksum", "F213"), ("control-file", "F212")):
        plant = Plant.build(directory / kind, ROUTE.replace("[none]", f"[{kind}]"))
        plant.drop_confirmation(1)
        if kind == "checksum":
            plant.drop(f"{name_of(1)}.sha256", b"0" * 64 + f"  {name_of(1)}\n".encode())
        else:
            plant.drop("day.ctl", f"file;sha256\n{name_of(1)};{'0' * 64}\n".encode())
        plant.run()
        plant.clock.advance(minutes=6)
        plant.run()
        yield _failed(plant, name_of(1), code)


def _twice(directory: Path) -> Iterator[tuple[str, Example]]:
    """The same message, key, bytes or record again."""
    plant = Plant.build(directory / "site")
    first = confirmation(1)
    again = {
        "F701": ("CONF_MES01_0000001-again.csv", first),
        "F702": ("CONF_MES01_0000001-other.csv", confirmation(1, quantity="481,000")),
        "F704": (name_of(2), confirmation(2, first=101)),
    }
    plant.drop(name_of(1), first)
    plant.run()
    for code, (name, content) in again.items():
        plant.drop(name, content)
        plant.run()
        yield _failed(plant, name, code)


def _copied(directory: Path) -> Iterator[tuple[str, Example]]:
    """The same bytes on two routes."""
    other = ROUTE.replace("confirmations:", "late-shift:").replace("outbox/erp", "outbox/late")
    plant = Plant.build(directory / "site", ROUTE + other + "    sender: MES02\n")
    plant.drop_confirmation(1)
    plant.run()
    plant.drop(name_of(1, "MES02"), confirmation(1), "late-shift")
    plant.run()
    yield _failed(plant, name_of(1, "MES02"), "F703")


def _counted(directory: Path) -> Iterator[tuple[str, Example]]:
    """A strict counter: late, repeated, invalid, and a gap that outlives its deadline."""
    policy = "    sequence: {model: counter, start: 2, wrap_after: 5000, hold: 1h, expired: fail}\n"
    plant = Plant.build(directory / "site", ROUTE + policy)
    plant.drop_confirmation(2)
    plant.drop_confirmation(1)
    plant.drop_confirmation(9000)
    plant.run()
    plant.drop("CONF_MES01_0000002-second.csv", confirmation(2, message_id="CNF-MES01-X", first=7000))
    plant.drop_confirmation(4)
    plant.run()
    plant.clock.advance(hours=2)
    plant.run()
    yield _failed(plant, "CONF_MES01_0000002-second.csv", "F807")
    yield _failed(plant, name_of(9000), "F802")
    yield _failed(plant, name_of(4), "F803")
    plant = Plant.build(directory / "report", ROUTE + "    sequence: {model: counter, order: report}\n")
    for control in (1, 4, 2):
        plant.drop_confirmation(control)
        plant.run()
    yield _failed(plant, name_of(4), "F805")
    yield _failed(plant, name_of(2), "F801")


def _timed_and_chained(directory: Path) -> Iterator[tuple[str, Example]]:
    """Streams whose numbers are times, or that name their predecessors."""
    named = "    name_pattern: 'C_(?P<control>[0-9]+)(?:_(?P<previous>[0-9]+))?\\.csv'\n"
    policy = ROUTE + named + "    sequence: {model: MODEL, number_from: name}\n"
    stamps = Plant.build(directory / "stamps", policy.replace("MODEL", "timestamp"))
    chain = Plant.build(directory / "chain", policy.replace("MODEL", "chain"))
    sent = ((stamps, "C_20261122080000.csv"), (stamps, "C_20261122070000.csv"))
    linked = ((chain, "C_00002_00001.csv"), (chain, "C_00003_00002.csv"), (chain, "C_00004_00002.csv"))
    for number, (plant, name) in enumerate((*sent, *linked), start=1):
        plant.drop(name, confirmation(number))
        plant.run()
    yield _failed(stamps, "C_20261122070000.csv", "F804")
    yield _failed(chain, "C_00004_00002.csv", "F806")


def _left_alone(directory: Path) -> Iterator[tuple[str, Example]]:
    """Entries of an inbox that are not taken."""
    plant = Plant.build(directory / "site", ROUTE.replace("[none]", "[done-marker]"))
    plant.drop_confirmation(1)
    os.mkfifo(plant.inbox() / "CONF_MES01_0000002.csv")
    plant.run()
    yield _waiting(plant, name_of(1))
    yield _waiting(plant, name_of(2))


def _unreadable(_directory: Path) -> Iterator[tuple[str, Example]]:
    """A file of somebody else; by the rule alone, because nothing is forbidden to an administrator."""
    clock, policy = ShiftedClock(), completeness.CompletenessPolicy()
    seen = Sighting(name_of(3), "file", 512, 0, 1, readable=False)
    arrival = completeness.look_again(None, seen, clock.monotonic(), clock.boot, clock.now(), "confirmations")
    around = completeness.Surroundings.of(policy, "*.csv", [seen])
    case = completeness.Case(policy, seen, arrival, around, completeness.Facts(), clock.monotonic())
    outcome = completeness.assess(case)
    assert isinstance(outcome, completeness.Refused)
    findings = Findings()
    findings.add(outcome.finding)
    yield outcome.finding.code, Example(name_of(3), outcome.finding.message, "waits")


def _mapped(directory: Path) -> Iterator[tuple[str, Example]]:
    """What a mapping has no place for, and an output that its format refuses."""
    plant = Plant.build(directory / "value", route(deliver_as="confirmation@2.0.0"))
    hour = confirmation(1).replace(b"17.11.2026 06:00:00", b"29.03.2026 02:30:00", 1)
    plant.drop(name_of(1), hour)
    plant.run()
    yield _failed(plant, name_of(1), "F220")
    plant = Plant.build(directory / "output", route(deliver_as="confirmation@1.1.0"))
    scrap = confirmation(1, layout="1.0").replace(b";0;;KG;", b";2,5;;KG;", 1)
    plant.drop(name_of(1), scrap.replace(b";J;;B26-00241;", b";J;"))
    plant.run()
    yield _failed(plant, name_of(1), "F221")


_SCENES: tuple[Scene, ...] = (
    _lost_ledger,
    _validated,
    _disk,
    _still_written,
    _own_fault,
    _strangers,
    _too_late,
    _stated_beside,
    _twice,
    _copied,
    _counted,
    _timed_and_chained,
    _left_alone,
    _unreadable,
    _mapped,
)

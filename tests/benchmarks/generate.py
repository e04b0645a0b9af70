"""Files of realistic content, as many and as long as a benchmark wants, the same ones every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

_ROW = (
    "C;{line};1100;{order:012d};{operation};{number:010d};{counter:08d};{good};{scrap};;KG;15;42,5;30;MIN;"
    "DISP-01;17.11.2026;17.11.2026 06:00:00;17.11.2026 06:45:00;J;;B26-{batch:05d};{reason}"
)


def confirmation_lines(control: int, rows: int, first_number: int, broken: bool = False) -> Iterator[str]:
    """Yield the lines of one confirmation 1.1.0 file; ``broken`` makes every row wrong."""
    yield f"H;CNF-BENCH-{control:07d};BENCH;ERPPRD;{control:07d};1.1;17.11.2026 14:05:02"
    total = Decimal(0)
    for line in range(1, rows + 1):
        number = first_number + line
        good = Decimal(480_000 + number % 7_000) / 1000
        total += good
        scrap = number % 5 == 0
        yield _ROW.format(
            line=line,
            order=1_000_241 + number // 6,
            operation="10" if broken else f"{(number % 6 + 1) * 10:04d}",
            number=number,
            counter=1,
            good="4B0,5" if broken else f"{good:.3f}".replace(".", ","),
            scrap="2,4" if scrap else "0",
            batch=number % 100_000,
            reason="0005" if scrap else "",
        )
    yield f"T;{rows};{total:.3f}".replace(".", ",")


def write_confirmation(path: Path, control: int, rows: int, first_number: int, broken: bool = False) -> None:
    """Write one file to ``path``."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.writelines(line + "\r\n" for line in confirmation_lines(control, rows, first_number, broken))


def write_small_files(directory: Path, files: int, rows: int = 25, first: int = 1) -> None:
    """Write ``files`` files of about 4 KB, numbered from ``first`` on, no record twice."""
    for control in range(first, first + files):
        name = f"CONF_BENCH_{control:07d}.csv"
        write_confirmation(directory / name, control, rows, control * rows)


# Files of one kind and any length. Where ``wrong`` is given, one record in so many has one fault, each
# kind of fault in its turn; the rest is right, totals and counts included.

_MATERIALS = ("RM-100234", "BIND-AC-40", "SOLV-WATER", "000000000000200117", "CAN-10L-BLK", "LABEL/10L_DE")
_UNITS = ("KG", "KG", "L", "KG", "EA", "EA")


def write_movements(path: Path, rows: int, wrong: int = 0) -> None:
    """Write stock movements: the delimited file of twelve columns."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(
            "document,item,plant,storage_location,material,batch,movement_type,quantity,unit,posting_date,"
            "document_date,posted_by\n"
        )
        for number in range(rows):
            fault = number // wrong % 8 if wrong and number % wrong == wrong - 1 else -1
            file.write(_movement(number, fault))


def _movement(number: int, fault: int) -> str:
    kind = number % 6
    same = number - 1 if fault == 0 else number
    plant = "11O0" if fault == 1 else "1100"
    code = "531" if fault == 2 else "261"
    batch = f"L26-{number % 99_991:05d}" if kind in (0, 3) and fault != 2 else ""
    quantity = "12.5.0" if fault == 3 else f"{number % 7_000 / 8 + 0.125:.3f}"
    unit = "PCS" if fault == 4 else _UNITS[kind]
    day = number // 40 % 28 + 1
    posting = "2026-11-31" if fault == 5 else f"2026-{10 if fault == 6 else 11}-{day:02d}"
    who = "1O417" if fault == 7 else f"{10_000 + number % 97:08d}"
    return (
        f"{4_900_000_000 + same // 20},{same % 20 + 1},{plant},{1210 + kind},{_MATERIALS[kind]},{batch},"
        f"{code},{quantity},{unit},{posting},2026-11-{day:02d},{who}\n"
    )


def write_issues(path: Path, records: int, wrong: int = 0) -> None:
    """Write goods issues: fixed-width lines of 183 characters in code page 1252."""
    total = 0
    with open(path, "w", encoding="cp1252", newline="") as file:
        head = f"HDR0110{'ISS-BENCH-000001':20}{'BENCH':10}{'ERPPRD':10}0000000120261117140600"
        file.write(f"{head:183}\r\n")
        for number in range(records):
            fault = number // wrong % 4 if wrong and number % wrong == wrong - 1 else -1
            kind, quantity = number % 6, number % 700_000 + 125
            total += quantity
            text = "Füller nachgelegt" if number % 50 == 7 else ""
            in_batches = kind in (0, 3)
            batch = f"L26-{number % 99_991:05d}" if in_batches else ""
            line = (
                f"ITM{number + 1:09d}{4_900_000_000 + number // 20:010d}{number % 20 + 1:04d}"
                f"{'11O0' if fault == 0 else '1100'}{1_000_241 + number // 40:012d}0010{_MATERIALS[kind]:40}"
                f"{batch:10}{'531' if fault == 1 and not in_batches else '261'}{quantity:013d} "
                f"{'PCS' if fault == 2 else _UNITS[kind]:3}{1210 + kind}"
                f"{'20261131' if fault == 3 else '20261117'}20261117{text:30}{'':14}-"
            )
            file.write(f"{line:183}\r\n")
        file.write(f"{f'TRL{records:08d}{total:018d} ':183}\r\n")


def write_orders(path: Path, orders: int, wrong: int = 0) -> None:
    """Write an order 1.1.0 document: XML, three operations and six components an order."""
    total = sum(number % 500 + 1 for number in range(orders))
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<ProductionOrders xmlns="urn:plant-exchange:order:1">\n'
            "  <Header>\n    <MessageId>ORD-BENCH-000001</MessageId>\n    <Sender>BENCH</Sender>\n"
            "    <Receiver>MES01</Receiver>\n    <SequenceNumber>1</SequenceNumber>\n"
            "    <LayoutVersion>1.1</LayoutVersion>\n    <CreatedAt>2026-11-15T05:30:00Z</CreatedAt>\n"
            f"    <OrderCount>{orders}</OrderCount>\n    <QuantityTotal>{total}</QuantityTotal>\n"
            "  </Header>\n"
        )
        for number in range(orders):
            fault = number // wrong % 5 if wrong and number % wrong == wrong - 1 else -1
            file.write(_order(number, fault))
        file.write("</ProductionOrders>\n")


def _order(number: int, fault: int) -> str:
    operations = "".join(_operation(number, each, fault if each == 1 else -1) for each in range(1, 4))
    finish = "2026-11-20" if fault == 0 else "2026-11-25"
    return f"""\
  <Order>
    <OrderNumber>{1_000_241 + number:012d}</OrderNumber>
    <OrderType>{"PP09" if fault == 1 else "PP01"}</OrderType>
    <Plant>{"11O0" if fault == 2 else "1100"}</Plant>
    <Material>{number % 900_000 + 100_000:018d}</Material>
    <Description>Weißlack seidenmatt {number % 20 + 1} l</Description>
    <Quantity unit="CAN">{number % 500 + 1}</Quantity>
    <BasicStart>2026-11-23</BasicStart>
    <BasicFinish>{finish}</BasicFinish>
    <Priority>{number % 5 + 1}</Priority>
{operations}  </Order>
"""


def _operation(number: int, step: int, fault: int) -> str:
    place = "" if fault == 3 else "        <StorageLocation>1210</StorageLocation>\n"
    parts = "".join(
        f"""\
      <Component>
        <ItemNumber>{item:04d}</ItemNumber>
        <Material>{_MATERIALS[(number + item) % 6]}</Material>
        <Quantity unit="KG">{(number + item) % 900}.500</Quantity>
{place if item == step * 20 - 10 else "        <StorageLocation>1220</StorageLocation>" + chr(10)}\
        <Backflush>true</Backflush>
      </Component>
"""
        for item in (step * 20 - 10, step * 20)
    )
    return f"""\
    <Operation>
      <OperationNumber>{step * 10:04d}</OperationNumber>
      <ControlKey>PP01</ControlKey>
      <WorkCentre>DISP-0{step}</WorkCentre>
      <Description>Disperse and grind</Description>
      <SetupTime unit="MIN">15</SetupTime>
      <MachineTime unit="MIN">{"-90" if fault == 4 else "90"}</MachineTime>
      <LabourTime unit="MIN">60</LabourTime>
{parts}    </Operation>
"""


def write_bills(path: Path, bills: int, wrong: int = 0) -> None:
    """Write a bill of material 1.0.0: one JSON document, three to eight items a bill."""
    items = sum(number % 6 + 3 for number in range(bills))
    header = (
        '{"messageId": "BOM-BENCH-000001", "sender": "BENCH", "receiver": "MES01", "sequenceNumber": 1, '
        '"layoutVersion": "1.0", "createdAt": "2026-11-16T04:00:00+01:00", '
        f'"billCount": {bills}, "itemCount": {items}}}'
    )
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(f'{{\n  "header": {header},\n  "bills": [\n')
        for number in range(bills):
            fault = number // wrong % 4 if wrong and number % wrong == wrong - 1 else -1
            file.write(_bill(number, fault) + (",\n" if number < bills - 1 else "\n"))
        file.write("  ]\n}\n")


def _bill(number: int, fault: int) -> str:
    items = ",\n".join(
        f'        {{"position": "{each * 10:04d}", "category": "L", "material": "{_MATERIALS[each % 6]}", '
        f'"quantity": {(number + each) % 900}.500, "unit": "{"PCS" if fault == 0 and each == 1 else "KG"}", '
        f'"scrapPercent": 1.5, "operation": "{each * 10:04d}"}}'
        for each in range(1, number % 6 + 4)
    )
    until = '\n      "validTo": "2025-12-31",' if fault == 1 else ""
    plant = "1100" if fault == 2 else '"1100"'
    return f"""\
    {{
      "material": "{number:018d}",
      "plant": {plant},
      "usage": "1",
      "alternative": "01",
      "status": "{"OPEN" if fault == 3 else "ACTIVE"}",
      "validFrom": "2026-01-01",{until}
      "baseQuantity": 480.000,
      "unit": "KG",
      "items": [
{items}
      ]
    }}"""


def write_measurements(path: Path, lines: int, wrong: int = 0) -> None:
    """Write measurements: one JSON document on each line."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        for number in range(lines):
            fault = number // wrong % 4 if wrong and number % wrong == wrong - 1 else -1
            file.write(_measurement(number, fault))


def _measurement(number: int, fault: int) -> str:
    kind = number % 4
    centre = "disp 1" if fault == 0 else f"DISP-0{kind}"
    value = '"12.5"' if fault == 1 else f"{number % 9_000 / 8:.3f}"
    low = 999 if fault == 2 else 5
    name = "COLOUR" if fault == 3 else ("VISCOSITY", "DENSITY", "PH", "TEMPERATURE")[kind]
    day, hour, minute = number // 86_400 % 28 + 1, number // 3600 % 24, number // 60 % 60
    return (
        f'{{"number": {number + 1}, "measuredAt": "2026-11-{day:02d}T{hour:02d}:{minute:02d}:'
        f'{number % 60:02d}Z", '
        f'"workCentre": "{centre}", "order": "{1_000_241 + number // 40:012d}", '
        f'"material": "{_MATERIALS[number % 6]}", "batch": "L26-{number % 99_991:05d}", '
        f'"characteristic": "{name}", "value": {value}, "limits": {{"lower": {low}.0, "upper": 90.5}}, '
        '"unit": "MPA.S"}\n'
    )


def write_documents(path: Path, size: int, seed: int = 1) -> None:
    """Write about ``size`` bytes in rows of a long text, quickly."""
    words = " ".join(f"{seed}-{number * 7919 % 100_003:06d}" for number in range(6_000))
    with open(path, "w", encoding="utf-8", newline="") as file:
        rows = max(1, size // (len(words) + 14))
        file.writelines(f"{number:012d};{words}\n" for number in range(rows))


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of file: what writes it, and the bytes of one of its records."""

    name: str  #: of such a file
    message_type: str
    write: Callable[..., None]  #: path, records, one in how many is `wrong`
    record: int

    def records(self, size: int) -> int:
        """Return how many records fill about ``size`` bytes."""
        return max(1, size // self.record)


KINDS = {
    "delimited": Kind("MOVE_BENCH_000001.csv", "movement", write_movements, 86),
    "fixed": Kind("ISSU_BENCH_00000001.txt", "issue", write_issues, 185),
    "xml": Kind("ORD-BENCH-20261117053000-000001.xml", "order", write_orders, 2_880),
    "json": Kind("BOM-BENCH-20261117040000-000001.json", "bom", write_bills, 1_091),
    "ndjson": Kind("MEAS_BENCH_000001.ndjson", "measurement", write_measurements, 260),
}

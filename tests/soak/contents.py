"""What the soak's senders write, and what the model knows of it: it was made so, nothing is read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.pipeline.plant import confirmation

#: Time stamps of orders count in minutes from here.
_FIRST_ORDER = datetime(2026, 1, 1)  # noqa: DTZ001 - digits in a name, no moment


@dataclass(frozen=True, slots=True)
class Content:
    """One file as it is sent to one route under one name, and the truth about it."""

    route: str
    name: str
    data: bytes
    sender: str
    number: int | None = None  #: place in its stream
    previous: int | None = None  #: number of the file before it, in a chain
    message: str | None = None  #: with the sender, what the message is known by
    records: frozenset[str] = frozenset()  #: keys of its records
    fault: str | None = None  #: why it must fail, whatever came before it
    layout: str | None = None  #: what it says of its version: it fails unless that one is in force

    @property
    def sha256(self) -> str:
        """The digest of its bytes."""
        return hashlib.sha256(self.data).hexdigest()


#: The layout of confirmations that every site takes, and a unit that only later ones know.
FIRST_LAYOUT = "1.1"
NEW_UNIT = "PAL"


def csv_confirmation(
    route: str,
    name: str,
    sender: str,
    number: int,
    first: int,
    *,
    rows: int = 2,
    form: tuple[str, str] = (FIRST_LAYOUT, "KG"),
    **wrong: str,
) -> Content:
    """Return a confirmation with ``rows`` records from the number ``first`` on; its layout and unit.

    ``wrong`` replaces a text of the file by one that makes it fail: ``quantity``, ``layout``.
    """
    layout, unit = form
    data = confirmation(number, sender=sender, rows=rows, first=first, **{"layout": layout, **wrong})
    data = data.replace(b";KG;", f";{unit};".encode())
    is_too_new = layout == FIRST_LAYOUT and unit == NEW_UNIT
    fault = ", ".join((*wrong, *(["unit"] if is_too_new else []))) or None
    keys = frozenset(f"{first + row:010d}" for row in range(1, rows + 1))
    message = f"CNF-{sender}-{number:06d}"
    return Content(route, name, data, sender, number, None, message, keys, fault, layout)


def confirmation_name(number: int, sender: str, remark: str = "") -> str:
    """Return the name of a confirmation; a remark means nothing."""
    return f"CONF_{sender}_{number:07d}{remark}.csv"


_ADJUSTMENT_HEAD = (
    "Document,Item,Plant,Storage Location,Bin,Material,Batch Managed,Batch,Stock Type,Movement Type,"
    "Quantity,Unit,Reason,Posting Date,Count Date,Counted By,Remark"
)


def adjustment(number: int, document: int, *, fault: str | None = None) -> Content:
    """Return a stock adjustment; sender and number stand in its name only."""
    quantity = "1.5" if fault is None else "one"
    rows = [
        f"{document:010d},{item},1100,1210,A-01-04,000000000000200131,Y,L26-04382,UNRESTRICTED,701,"
        f"{quantity},KG,CC,11/16/2026,11/16/2026,00010418,"
        for item in (1, 2)
    ]
    data = "".join(f"{line}\r\n" for line in (_ADJUSTMENT_HEAD, *rows)).encode()
    keys = frozenset(f"{document:010d}/{item}" for item in (1, 2))
    name = f"INVADJ_WMS1_{number:06d}.csv"
    return Content("adjustments", name, data, "WMS1", number, None, f"{number:06d}", keys, fault)


def stamp_of(minute: int) -> int:
    """Return the time stamp of an order, ``minute`` minutes after the first."""
    return int(f"{_FIRST_ORDER + timedelta(minutes=minute):%Y%m%d%H%M%S}")


def order(minute: int, serial: int, *, fault: str | None = None, as_serial: int | None = None) -> Content:
    """Return an order document in XML of the ``minute``; ``serial`` tells it from every other.

    With ``as_serial`` it says that it is the message of that one.
    """
    stamp, told = stamp_of(minute), serial if as_serial is None else as_serial
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
<ProductionOrders xmlns="urn:plant-exchange:order:1">
  <Header>
    <MessageId>ORD-ERPPRD-{told:08d}</MessageId>
    <Sender>ERPPRD</Sender>
    <Receiver>MES01</Receiver>
    <SequenceNumber>{serial}</SequenceNumber>
    <LayoutVersion>1.1</LayoutVersion>
    <CreatedAt>2026-11-15T05:30:00Z</CreatedAt>
    <OrderCount>1</OrderCount>
    <QuantityTotal>{48 if fault is None else 49}</QuantityTotal>
  </Header>
  <Order>
    <OrderNumber>{serial:012d}</OrderNumber>
    <OrderType>PP01</OrderType>
    <Plant>1100</Plant>
    <Material>000000000000104711</Material>
    <Quantity unit="CAN">48</Quantity>
    <BasicStart>2026-11-23</BasicStart>
    <BasicFinish>2026-11-25</BasicFinish>
    <Operation>
      <OperationNumber>0010</OperationNumber>
      <ControlKey>PP01</ControlKey>
      <WorkCentre>DISP-01</WorkCentre>
      <Component>
        <ItemNumber>0010</ItemNumber>
        <Material>000000000000200117</Material>
        <Quantity unit="KG">214.500</Quantity>
        <StorageLocation>1210</StorageLocation>
        <Backflush>true</Backflush>
      </Component>
    </Operation>
  </Order>
</ProductionOrders>
"""
    name = f"ORD-ERPPRD-{stamp:014d}-{serial % 1_000_000:06d}.xml"
    message = f"ORD-ERPPRD-{told:08d}"
    return Content("orders", name, text.encode(), "ERPPRD", stamp, None, message, fault=fault)


def bill(serial: int, *, fault: str | None = None, as_serial: int | None = None) -> Content:
    """Return a bill of material in JSON; without a ``fault`` it is whole.

    With ``as_serial`` it says that it is the message of that one.
    """
    message = f"BOM-ERPPRD-{serial if as_serial is None else as_serial:08d}"
    items = [
        {
            "position": "0010",
            "category": "L",
            "material": "000000000000200117",
            "quantity": 214.5,
            "unit": "KG",
        },
        {"position": "0020", "category": "L", "material": "BIND-AC-40", "quantity": 131.0, "unit": "KG"},
    ]
    document = {
        "header": {
            "messageId": message,
            "sender": "ERPPRD",
            "receiver": "MES01",
            "sequenceNumber": serial,
            "layoutVersion": "1.0",
            "createdAt": "2026-11-16T04:00:00+01:00",
            "billCount": 1,
            "itemCount": len(items) + (fault is not None),
        },
        "bills": [
            {
                "material": f"MAT-{serial:08d}",
                "plant": "1100",
                "usage": "1",
                "alternative": "01",
                "status": "ACTIVE",
                "validFrom": "2026-01-01",
                "baseQuantity": 480.0,
                "unit": "KG",
                "items": items,
            }
        ],
    }
    name = f"BOM-ERPPRD-20261116040000-{serial % 1_000_000:06d}.json"
    data = json.dumps(document, indent=1).encode()
    return Content("boms", name, data, "ERPPRD", None, None, message, fault=fault)

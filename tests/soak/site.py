"""The site of the soak: routes of every kind, and what each asks, in the model's own words."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from gateway.operations.setup import init_site
from tests.pipeline.plant import configuration


class Count(enum.Enum):
    """How the files of a route follow each other."""

    STRICT = "strict counter"
    REPORT = "reporting counter"
    CHAIN = "strict chain"
    STAMP = "time stamps"
    NONE = "no order"


class Proof(enum.Enum):
    """What a route asks for before it takes a file."""

    MARKER = "done marker"
    RENAME = "rename"
    CONTROL = "control file"
    CHECKSUM = "checksum file"
    STILL = "stability"


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """What the model knows of a route; written by hand beside the configuration, never read from it."""

    name: str
    count: Count
    proof: Proof
    destinations: tuple[str, ...]
    copy: str = "failed"  #: what becomes of the bytes of another file
    is_mapped: bool = False
    fails_late: bool = True  #: a number that was given up or passed over fails
    fails_overdue: bool = False  #: held files fail after their deadline
    is_remote: bool = False


ROUTES = {
    one.name: one
    for one in (
        RouteFacts("confirmations", Count.STRICT, Proof.MARKER, ("erp", "history")),
        RouteFacts("chains", Count.CHAIN, Proof.RENAME, ("erp",)),
        RouteFacts("adjustments", Count.STRICT, Proof.CONTROL, ("erp",), fails_overdue=True),
        RouteFacts("orders", Count.STAMP, Proof.CHECKSUM, ("mes", "copy")),
        RouteFacts("boms", Count.NONE, Proof.STILL, ("mes",), copy="duplicate"),
        RouteFacts("mapped", Count.REPORT, Proof.RENAME, ("erp",), is_mapped=True, fails_late=False),
        RouteFacts("remote", Count.STRICT, Proof.RENAME, ("erp",), is_remote=True),
    )
}

_LOCAL = """\
  confirmations:
    partner: MES
    message_type: confirmation
    source: {pattern: "*.csv"}
    completeness: {require: [done-marker]}
    sequence: {model: counter, order: strict, start: 1, hold: 4h}
    destinations:
      erp: {path: outbox/confirmations/erp, done_marker: .done}
      history: {path: outbox/confirmations/history}
  chains:
    partner: MES
    message_type: confirmation
    source: {pattern: "*.csv"}
    name_pattern: 'V_(?P<previous>[0-9]+)_(?P<control>[0-9]+)\\.csv'
    completeness: {require: [rename]}
    sequence: {model: chain, order: strict, number_from: name, reserved: ["0"], hold: 4h}
    destinations:
      erp: {path: outbox/chains/erp}
  adjustments:
    partner: WMS
    message_type: inventory-adjustment
    source: {pattern: "*.csv"}
    completeness: {require: [control-file], control_file: {records_column: records}}
    sequence: {model: counter, order: strict, start: 1, number_from: name, hold: 1d, expired: fail}
    destinations:
      erp: {path: outbox/adjustments/erp, checksum_file: .sha256}
  orders:
    partner: ERP
    message_type: order
    source: {pattern: "*.xml"}
    completeness: {require: [checksum]}
    name_pattern: 'ORD-(?P<sender>[A-Z][A-Z0-9]{1,9})-(?P<control>[0-9]{14})-[0-9]{6}(?:-[a-z0-9-]+)?\\.xml'
    sequence: {model: timestamp, number_from: name, late: fail}
    duplicates: {record_duplicate: accept-and-note}
    destinations:
      mes: {path: outbox/orders/mes}
      copy: {path: outbox/orders/copy, done_marker: .ok}
  boms:
    partner: ERP
    message_type: bom
    source: {pattern: "*.json"}
    completeness: {require: [stability], looks: 2, quiet: 0s}
    duplicates: {copy: set-aside, record_duplicate: accept-and-note}
    destinations:
      mes: {path: outbox/boms/mes}
  mapped:
    partner: MES
    message_type: confirmation
    source: {pattern: "*.csv"}
    completeness: {require: [rename]}
    versions: ">=1.1.0,<1.2"
    deliver_as: confirmation@2.0.0
    sequence: {model: counter, order: report, start: 1, late: accept}
    destinations:
      erp: {path: outbox/mapped/erp}
"""

_REMOTE = """\
  remote:
    partner: MES
    message_type: confirmation
    source:
      {{type: sftp, server: partner, path: {out}, pattern: "*.csv", acknowledge: move, move_to: {taken}}}
    completeness: {{require: [rename]}}
    sequence: {{model: counter, order: strict, start: 1, hold: 4h}}
    destinations:
      erp: {{type: sftp, server: partner, path: {into}, done_marker: .done, checksum_file: .sha256}}
"""

#: Suffix of the marker at a destination, by its place below ``outbox``.
MARKERS = {"confirmations/erp": ".done", "orders/copy": ".ok", "remote/erp": ".done"}
#: Suffix of the checksum file.
CHECKSUMS = {"adjustments/erp": ".sha256", "remote/erp": ".sha256"}


@dataclass(frozen=True, slots=True)
class Partner:
    """Directories on a server of a partner, as this machine and as the server know them."""

    root: Path
    yaml: str  #: the section `servers` of the configuration

    @property
    def out(self) -> Path:
        """Where the partner puts files for the site."""
        return self.root / "out"

    @property
    def taken(self) -> Path:
        """Where the site moves what it has taken."""
        return self.root / "taken"

    @property
    def into(self) -> Path:
        """Where the site delivers."""
        return self.root / "in"


def build(directory: Path, partner: Partner | None = None, ledger: str = "") -> None:
    """Make the site in ``directory``; with ``partner`` it has the route over SFTP too.

    With the URL of a ``ledger`` it is one for several nodes, whose leases are short.
    """
    text = configuration(_LOCAL)
    if ledger:
        text = text.replace("site:\n", f"site:\n  ledger: {ledger}\n  interval: 1s\n", 1)
        text += "service: {lease: 2s}\n"
    if partner is not None:
        for place in (partner.out, partner.taken, partner.into):
            place.mkdir(parents=True, exist_ok=True)
        text += _REMOTE.format(out=partner.out, taken=partner.taken, into=partner.into) + partner.yaml
    init_site(directory, text)

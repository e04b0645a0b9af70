"""A small site with files in work, ready to be settled: what the custody tests start from."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.custody.layout import Layout
from gateway.custody.manifest import build_manifest, manifest_bytes
from gateway.custody.names import archive_name, companion_name, working_name
from gateway.custody.settle import CompanionMove, SettleItem
from gateway.model import Attempt, Companion, Disposition, Evidence, State, Transfer

ROUTE = "confirmations"
DAY = "2026-11-22"
NOON = datetime(2026, 11, 22, 12, 0, 0, 250000, tzinfo=UTC)


@dataclass(frozen=True)
class Sample:
    """One file in work: its transfer as it will be settled, and the item that settles it."""

    transfer: Transfer
    item: SettleItem

    @property
    def target(self) -> Path:
        """Where the file shall stand."""
        return Path(self.item.target)


def new_site(directory: Path) -> Layout:
    """Return the layout of a fresh site with one route."""
    layout = Layout(directory)
    layout.create([ROUTE])
    return layout


def in_work(
    layout: Layout,
    number: int,
    *,
    name: str | None = None,
    content: bytes | None = None,
    disposition: Disposition = Disposition.PROCESSED,
    done_marker: bool = False,
    report: str | None = None,
    variant: str = "",
) -> Sample:
    """Put a file into ``working`` and return how it is to be settled."""
    identifier = f"T{number:04d}"
    name = name or f"confirmation_{number:04d}.csv"
    content = content if content is not None else f"order;quantity\n{number:06d};12,500\n".encode()
    working = layout.working_file(ROUTE, working_name(identifier, name))
    if not os.path.lexists(working):
        working.write_bytes(content)
    directory = _directory(layout, disposition)
    settled_name = archive_name(name)
    companions: tuple[Companion, ...] = ()
    moves: tuple[CompanionMove, ...] = ()
    if done_marker:
        companion = Companion(name + ".done", "done-marker", 0, hashlib.sha256(b"").hexdigest())
        marker = layout.working_file(ROUTE, working_name(identifier, companion.name))
        marker.write_bytes(b"")
        kept_as = companion_name(settled_name, identifier, name, companion.name)
        companions = (companion,)
        moves = (CompanionMove(marker, directory / kept_as, companion.sha256),)
    transfer = Transfer(
        id=identifier,
        route=ROUTE,
        partner="MES",
        message_type="confirmation",
        name=name,
        state=State.CLAIMED,
        attempt=1,
        size=len(content),
        arrived_at=NOON,
        source=str(layout.inbox(ROUTE) / name),
        working_name=working.name,
        evidence=(Evidence("done-marker", "the marker came last"),),
        companions=companions,
        sha256=hashlib.sha256(content).hexdigest(),
        format_version="1.1.0",
        settle_as=disposition,
        settled_path=layout.relative(directory / settled_name),
        settled_at=NOON,
        reason=variant or None,
    )
    attempts = [Attempt(identifier, 1, "gateway", "arrived", NOON)]
    manifest = manifest_bytes(build_manifest(transfer, attempts, [], site="plant", time_zone="Europe/Berlin"))
    return Sample(
        transfer,
        SettleItem(
            transfer=identifier,
            working=working,
            target=directory / settled_name,
            sha256=hashlib.sha256(content).hexdigest(),
            manifest=manifest,
            companions=moves,
            report=report,
            day_list=None if disposition is Disposition.FAILED else directory,
        ),
    )


def tree(root: Path) -> dict[str, bytes]:
    """Return every regular file below ``root`` with its content, by its relative path."""
    return {
        os.path.relpath(os.path.join(directory, name), root): Path(directory, name).read_bytes()
        for directory, _, names in os.walk(root)
        for name in names
    }


def _directory(layout: Layout, disposition: Disposition) -> Path:
    if disposition is Disposition.FAILED:
        return layout.failed(ROUTE)
    if disposition is Disposition.DUPLICATE:
        return layout.duplicates(ROUTE, DAY)
    return layout.processed(ROUTE, DAY)

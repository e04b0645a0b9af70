"""What a disk may hold after the power went: a model that is fed with recorded calls.

Nothing is on the disk for sure but what was synced: the bytes of a file by a sync of the file, a name by a
sync of its directory, everything by a sync of the file system. What was not synced may be there or not,
in any mixture and order, writes torn at 512 bytes; only one rename is never half there.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.shim import Call, Kind

_SECTOR = 512
#: Where the files are that nobody writes to again; the ledger remembers their inodes.
_ONLY_MOVED = ("inbox", "working", "replay", "failed")


@dataclass(eq=False)
class File:
    """The bytes of a file: as programs see them, as they are on the disk, and what lies between."""

    seen: bytearray = field(default_factory=bytearray)
    kept: bytes = b""
    pending: list[tuple[int, bytes | None]] = field(
        default_factory=list
    )  #: at an offset; None: cut off there
    origin: Path | None = None  #: a link to the very file, as long as nobody has written to it

    def write(self, offset: int, data: bytes | None) -> None:
        """Write ``data`` at ``offset``, or cut the file off there."""
        self.origin = None
        self.pending.append((offset, data))
        _apply(self.seen, offset, data)

    def sync(self) -> None:
        """Let the disk have all bytes."""
        self.kept, self.pending = bytes(self.seen), []

    def some(self, dice: random.Random) -> bytes:
        """Return bytes that the disk may have: some of the pending writes, torn anywhere."""
        content = bytearray(self.kept)
        for offset, data in self.pending:
            if data is None:
                if dice.random() < 0.5:
                    _apply(content, offset, None)
                continue
            for at in range(0, len(data), _SECTOR):
                if dice.random() < 0.7:
                    _apply(content, offset + at, data[at : at + _SECTOR])
        return bytes(content)


@dataclass(eq=False)
class Change:
    """One change of names, which is on the disk as a whole or not at all."""

    parts: list[tuple[Directory, str, Node | None]]


@dataclass(eq=False)
class Directory:
    """The names in a directory: as programs see them, as they are on the disk, and what lies between."""

    seen: dict[str, Node] = field(default_factory=dict)
    kept: dict[str, Node] = field(default_factory=dict)
    pending: list[Change] = field(default_factory=list)


Node = File | Directory


class Disk:
    """A site on a disk that may lose its power; fed with the calls that a run of the gateway made."""

    def __init__(self, site: Path, links: Path) -> None:
        """Begin with everything in ``site`` on the disk; ``links`` gets links to the files of it."""
        self.site = site
        self.root = Directory()
        links.mkdir()
        self._load(self.root, site, links)

    def _load(self, into: Directory, path: Path, links: Path) -> None:
        for entry in sorted(path.iterdir()):
            if entry.is_dir():
                inner = Directory()
                self._load(inner, entry, links)
                node: Node = inner
            else:
                content = entry.read_bytes()
                node = File(bytearray(content), content)
                if entry.relative_to(self.site).parts[0] in _ONLY_MOVED:
                    node.origin = links / str(len(os.listdir(links)))
                    node.origin.hardlink_to(entry)
            into.seen[entry.name] = into.kept[entry.name] = node

    def find(self, path: Path | str) -> Node | None:
        """Return what programs see at ``path``."""
        node: Node | None = self.root
        for part in Path(path).relative_to(self.site).parts:
            node = node.seen.get(part) if isinstance(node, Directory) else None
        return node

    def feed(self, call: Call) -> None:
        """Take note of one call; those that failed changed nothing."""
        if call.result < 0:
            return
        if call.kind in (Kind.CREATE, Kind.MKDIR):
            self._create(call)
        elif call.kind is Kind.WRITE:
            self._write(call.path, call.offset, call.data)
        elif call.kind is Kind.TRUNCATE:
            self._write(call.path, call.flags, None)
        elif call.kind in (Kind.SYNC, Kind.DATASYNC) and call.call != "sync_file_range":
            self._sync(self.find(call.path))
        elif call.kind is Kind.SYNCFS:
            self._sync_all(self.root)
        elif call.kind in (Kind.UNLINK, Kind.RMDIR):
            self._change((call.path, None))
        elif call.kind is Kind.RENAME:
            self._change((call.to, self.find(call.path)), (call.path, None))
        elif call.kind is Kind.LINK:
            self._change((call.to, self.find(call.path)))
        elif call.kind not in (Kind.MODE, Kind.DATASYNC):
            raise AssertionError(f"no call was expected that the model does not know: {call.call}")

    def _create(self, call: Call) -> None:
        node = self.find(call.path)
        if node is None:
            self._change((call.path, Directory() if call.kind is Kind.MKDIR else File()))
        elif isinstance(node, File) and call.flags & os.O_TRUNC and node.seen:
            node.write(0, None)

    def _write(self, path: str, offset: int, data: bytes | None) -> None:
        node = self.find(path)
        if isinstance(node, File):  # else it has no name any more: nobody sees it after a loss
            node.write(offset, data)

    def _change(self, *changes: tuple[str, Node | None]) -> None:
        parts = []
        for path, node in changes:
            parent = self.find(os.path.dirname(path))
            if isinstance(parent, Directory):
                parts.append((parent, os.path.basename(path), node))
        change = Change(parts)
        for parent, name, node in parts:
            _set(parent.seen, name, node)
            parent.pending.append(change)

    def _sync(self, node: Node | None) -> None:
        if isinstance(node, File):
            node.sync()
        elif isinstance(node, Directory):
            for change in list(node.pending):
                for parent, name, child in change.parts:
                    _set(parent.kept, name, child)
                    if change in parent.pending:
                        parent.pending.remove(change)

    def _sync_all(self, directory: Directory) -> None:
        self._sync(directory)
        for node in list(directory.seen.values()):
            if isinstance(node, Directory):
                self._sync_all(node)
            else:
                self._sync(node)

    def after_loss(self, dice: random.Random | None, *, everything: bool = False) -> Directory:
        """Return names and bytes that may be found after a loss of power now.

        Without ``dice`` nothing that was not synced is there.
        """
        if everything:
            return snapshot(self.root)
        chosen: dict[int, bool] = {}

        def survives(change: Change) -> bool:
            return dice is not None and chosen.setdefault(id(change), dice.random() < 0.5)

        def copied(directory: Directory) -> Directory:
            names = dict(directory.kept)
            for change in directory.pending:
                if survives(change):
                    for parent, name, node in change.parts:
                        if parent is directory:
                            _set(names, name, node)
            left = Directory()
            for name, node in names.items():
                left.seen[name] = copied(node) if isinstance(node, Directory) else _left(node, dice)
            return left

        return copied(self.root)


def build(left: Directory, path: Path) -> None:
    """Make the directory ``path`` hold what is left; a file that nobody wrote to is the very file."""
    path.mkdir()
    for name, node in left.seen.items():
        if isinstance(node, Directory):
            build(node, path / name)
        elif not name.endswith("-shm"):  # shared memory: the database makes it anew
            if node.origin is not None:
                (path / name).hardlink_to(node.origin)
            else:
                (path / name).write_bytes(node.seen)


def snapshot(directory: Directory) -> Directory:
    """Return names and bytes as programs see them now."""
    left = Directory()
    for name, node in directory.seen.items():
        if isinstance(node, Directory):
            left.seen[name] = snapshot(node)
        else:
            left.seen[name] = File(bytearray(node.seen), origin=node.origin)
    return left


def names_of(directory: Directory, below: str = "") -> Iterator[tuple[str, File]]:
    """Yield path and file of everything in ``directory``."""
    for name, node in directory.seen.items():
        if isinstance(node, Directory):
            yield from names_of(node, f"{below}{name}/")
        else:
            yield below + name, node


def _left(node: File, dice: random.Random | None) -> File:
    content = node.kept if dice is None else node.some(dice)
    return File(bytearray(content), origin=node.origin)


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    if data is None:
        size = len(content)
        content[offset:] = b""
        content.extend(bytes(max(0, offset - size)))
        return
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data


def _set(names: dict[str, Node], name: str, node: Node | None) -> None:
    if node is None:
        names.pop(name, None)
    else:
        names[name] = node

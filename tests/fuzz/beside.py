"""What comes beside the data: names, side files, manifests, requests, lists, checkpoints, known hosts."""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from gateway.custody import daylist, names
from gateway.custody.manifest import manifest_bytes, read_manifest
from gateway.errors import GatewayError
from gateway.ledger import checkpoint
from gateway.printable import portable_text, printable
from gateway.rules import file_names, side_files
from gateway.rules.completeness_policy import ControlFilePolicy
from gateway.sftp import known_hosts
from tests.custody.custody_samples import in_work, new_site
from tests.fuzz.contents import catalogue
from tests.fuzz.target import Target, demand

DIGEST = hashlib.sha256(b"x").hexdigest()
KEY = b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes(32)
HASHED = "|1|" + base64.b64encode(bytes(20)).decode() + "|" + base64.b64encode(bytes(20)).decode()


@functools.cache
def scratch() -> Path:
    """Return a directory of this process, in memory where there is such a place."""
    shared = "/dev/shm" if os.path.isdir("/dev/shm") else None
    keeper = tempfile.TemporaryDirectory(prefix="fuzz-", dir=shared)
    _KEEPERS.append(keeper)
    return Path(keeper.name)


_KEEPERS: list[tempfile.TemporaryDirectory[str]] = []


def _name(data: bytes) -> None:
    """Every name that a directory can hold gets a safe, short, stable archive name; one line on a screen."""
    name = os.fsdecode(data.replace(b"/", b"").replace(b"\0", b"")[:255])
    safe = names.archive_name(name)
    demand(len(os.fsencode(safe)) <= names.LONGEST - names.ROOM, "the archive name is too long")
    demand(not set('/\\<>:"|?*%\0\n\r') & set(safe), f"the archive name is not safe: {safe!r}")
    demand(safe not in ("", ".", "..") and safe[0] not in "-. ", f"a shell trips over {safe!r}")
    demand(names.archive_name(safe) == safe or len(name) > 100 or "~" in safe, "not stable")
    demand(
        len(os.fsencode(names.working_name("01J" + "0" * 23, name))) <= names.LONGEST, "too long to work on"
    )
    demand(
        len(os.fsencode(names.numbered(safe, "01J" + "0" * 23))) <= names.LONGEST, "too long with a number"
    )
    demand(printable(name).isprintable(), "a terminal would obey it")
    portable_text(name).encode()
    file_names.split_extension(name)
    for message_type in catalogue().message_types():
        for definition in catalogue().readable(message_type):
            if definition.file_name:
                file_names.match(definition.file_name, name)
                file_names.matches_shell("*.csv*", name)


def _checksums(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for algorithm in ("sha256", "md5"):
        found = side_files.parse_checksum_file(text, "A.csv", algorithm)
        demand((found.digest is None) != (found.problem is None), "neither a digest nor a problem, or both")
        demand(found.digest is None or len(found.digest) in (32, 64), "a digest of another length")


POLICIES = (
    ControlFilePolicy(name_column="file", checksum_column="sha256", size_column="size"),
    ControlFilePolicy(name_column="1", checksum_column="2", header_row=False, delimiter=","),
)


def _control(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    for policy in POLICIES:
        found = side_files.parse_control_file(text, policy)
        demand(bool(found.lines) != bool(found.problem), "neither lines nor a problem, or both")
        demand(len({one.name for one in found.lines}) == len(found.lines), "a name stands twice")


def _manifest(data: bytes) -> None:
    """What is accepted can be written again, and reads as the same."""
    with contextlib.suppress(GatewayError):
        manifest = read_manifest(data)
        again = manifest_bytes(manifest)
        demand(manifest_bytes(read_manifest(again)) == again, "it does not survive being written")


def _manifests() -> list[bytes]:
    layout = new_site(scratch() / "site")
    return [in_work(layout, 1, done_marker=True, report="what is wrong").item.manifest]


def _day_list(data: bytes) -> None:
    directory = scratch() / "day"
    directory.mkdir(exist_ok=True)
    (directory / names.DAY_LIST).write_bytes(data)
    with contextlib.suppress(GatewayError):
        listed = daylist.read(directory)
        daylist.replace(directory, "A.csv", DIGEST)
        demand(daylist.read(directory) == {**listed, "A.csv": DIGEST}, "the list did not keep its entries")


def _checkpoints(data: bytes) -> None:
    file = scratch() / "checkpoints"
    file.write_bytes(data)
    found = checkpoint.read(str(file))
    demand(
        len(found.listed) + len(found.unreadable) <= data.count(b"\n") + data.count(b"\r") + 1, "no such line"
    )
    checkpoint.last(str(file))


def _known(data: bytes) -> None:
    """Taking a host's keys out leaves none of them, and every other line as it was."""
    text = data.decode("utf-8", "surrogateescape")
    entries = known_hosts.parse(text)
    for host, port in (("erp.example.com", 22), ("10.0.0.1", 2222)):
        for entry in entries:
            entry.names(host, port)
            str(entry.key)
        left = known_hosts.without(text, host, port)
        trusted = [one for one in known_hosts.parse(left) if not one.marker and one.names(host, port)]
        demand(not trusted, f"{host} is still trusted")


def _known_seeds() -> list[bytes]:
    key = base64.b64encode(KEY).decode()
    hosts = ("erp.example.com", "[10.0.0.1]:2222", "*.example.com,!other", HASHED, "@revoked erp", "# x")
    return ["".join(f"{host} ssh-ed25519 {key} note\n" for host in hosts).encode()]


def _request(data: bytes) -> None:
    from gateway.stages.replay_folder import parse_request

    with contextlib.suppress(GatewayError):
        request = parse_request(data, "request")
        demand(bool(request.actor.strip() and request.reason.strip()), "nobody asks")
        json.dumps([request.actor, request.reason]).encode()
        request.actor.encode()
        request.reason.encode()


def _lines(*lines: str) -> Callable[[], list[bytes]]:
    return lambda: ["".join(line + "\n" for line in lines).encode()]


def targets() -> Iterator[Target]:
    """Yield a target for everything that lies beside the data."""
    good = [b"CONF_MES01_0000001.csv", b"con.txt", b"-rf", b".part-1", "\u202eabc.vsc".encode(), b"~41~"]
    yield Target("names", "a file name is archived, shown and matched", lambda: good, _name)
    sums = _lines(DIGEST, f"{DIGEST}  A.csv", f"\\{DIGEST} *B\\n.csv", f"SHA256 (A.csv) = {DIGEST}")
    yield Target("checksum-file", "a checksum file is read", sums, _checksums, (DIGEST.encode(), b"A.csv"))
    control = _lines("file;sha256;size", f"A.csv;{DIGEST};12", f'"B;1.csv";{DIGEST};0')
    yield Target("control-file", "a control file is read", control, _control, (DIGEST.encode(),))
    yield Target("manifest", "a manifest is read back", _manifests, _manifest)
    days = _lines(f"{DIGEST}  A.csv", f"\\{DIGEST}  B\\n.csv")
    yield Target("day-list", "the list of a day directory is read and changed", days, _day_list)
    moment = "2026-11-22T10:00:00.000000Z"
    points = _lines(*(json.dumps({"at": moment, "count": n, "hash": DIGEST}) for n in (1, 2)))
    yield Target("checkpoints", "the checkpoints of the audit trail are read", points, _checkpoints)
    yield Target("known-hosts", "known_hosts is read and changed", _known_seeds, _known)
    asks = _lines(json.dumps({"actor": "anna", "reason": "sent again"}))
    yield Target("replay-request", "a replay request is read", asks, _request, (b'"actor"', b'"reason"'))

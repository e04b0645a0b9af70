"""Sources, destinations and servers: from valid data with its defaults to values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.config.notation import seconds
from gateway.config.paths import absolute, inbox, optional
from gateway.config.places import (
    Acknowledgement,
    Destination,
    FolderDestination,
    FolderSource,
    SftpDestination,
    SftpSource,
    Source,
    Verification,
)
from gateway.config.servers import Algorithms, Login, RetryPolicy, Server

if TYPE_CHECKING:
    from pathlib import Path

    from gateway.config.secrets import Secrets

Data = dict[str, Any]


def build_source(name: str, route: Data, directory: Path) -> Source:
    """Return where the files of the route ``name`` come from."""
    data = route["source"]
    if (folder := inbox(name, route, directory)) is not None:
        return FolderSource(folder, data["pattern"], watch=data["watch"])
    return SftpSource(
        server=data["server"],
        path=data["path"],
        acknowledge=Acknowledgement(data["acknowledge"]),
        move_to=data["move_to"],
        pattern=data["pattern"],
        retry=build_retry(data["retry"]),
    )


def build_destination(name: str, data: Data, directory: Path) -> Destination:
    """Return the destination ``name``."""
    shared: Data = {
        "name": name,
        **{key: data[key] for key in ("file_name", "done_marker", "checksum_file", "checksum_algorithm")},
        "retry": build_retry(data["retry"]),
    }
    if data["type"] == "folder":
        return FolderDestination(path=absolute(data["path"], directory), **shared)
    return SftpDestination(
        server=data["server"],
        path=data["path"],
        temporary_name=data["temporary_name"],
        verify=Verification(data["verify"]),
        **shared,
    )


def build_server(name: str, data: Data, directory: Path, secrets: Secrets) -> Server:
    """Return the server ``name``, logging in with its ``secrets``."""
    return Server(
        name=name,
        host=data["host"],
        user=data["user"],
        login=_login(name, data["login"], directory, secrets),
        port=data["port"],
        host_keys=tuple(data["host_keys"]),
        known_hosts=absolute(data["known_hosts"], directory),
        algorithms=Algorithms(data["algorithms"]),
        connect_seconds=seconds(data["connect_timeout"]),
        reply_seconds=seconds(data["reply_timeout"]),
        keepalive_seconds=seconds(data["keepalive"]),
        idle_seconds=seconds(data["idle"]),
        sessions=data["sessions"],
        retry=build_retry(data["retry"]),
    )


def _login(server: str, data: Data, directory: Path, secrets: Secrets) -> Login:
    here = ("servers", server, "login")
    return Login(
        key=optional(data["key"], directory),
        passphrase=secrets.get(data["passphrase"], (*here, "passphrase")),
        certificate=optional(data["certificate"], directory),
        agent=data["agent"],
        password=secrets.get(data["password"], (*here, "password")),
    )


def build_retry(data: Data) -> RetryPolicy:
    """Return when something that failed is tried again."""
    return RetryPolicy(
        first_seconds=seconds(data["first"]),
        factor=float(data["factor"]),
        cap_seconds=seconds(data["cap"]),
        jitter=float(data["jitter"]),
        open_after=data["open_after"],
    )

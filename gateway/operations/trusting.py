"""Which servers are trusted: what each shows now, and what an operator approves of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.config.settings import Server, Site
from gateway.custody import writes
from gateway.errors import ActionRefused, ServerError
from gateway.ledger import audit
from gateway.model import AuditEntry
from gateway.operations.demands import demand_reason
from gateway.sftp import known_hosts, line, trust
from gateway.sftp.algorithms import first_of
from gateway.sftp.known_hosts import HostKey
from gateway.sftp.trust import Trust, Trusted
from gateway.stages.asking_again import ask_again
from gateway.stages.gate import server_place

if TYPE_CHECKING:
    from gateway.stages.context import Context


@dataclass(frozen=True, slots=True)
class ServerTrust:
    """What one server shows now, and what is trusted."""

    server: Server
    shown: tuple[HostKey, ...]  #: one per type, the one that the gateway would ask for first
    trusted: Trusted
    verdict: Trust | None  #: None: it could not be asked
    problem: ServerError | None = None  #: why it could not be asked


@dataclass(frozen=True, slots=True)
class Change:
    """A key that was approved, and those whose place it took."""

    server: Server
    key: HostKey
    old: tuple[str, ...]  #: type and fingerprint
    is_new: bool  #: False: it was trusted already, and nothing was changed


def survey(site: Site, names: Sequence[str] = ()) -> list[ServerTrust]:
    """Ask the servers ``names``, or all of them, which host keys they show; nobody logs in.

    Raises ActionRefused for a name that no server has.
    """
    chosen = [server_of(site, name) for name in names] or list(site.servers)
    return [_ask(server) for server in chosen]


def server_of(site: Site, name: str) -> Server:
    """Return the server called ``name``; raises ActionRefused where there is none."""
    try:
        return site.server(name)
    except KeyError:
        known = ", ".join(server.name for server in site.servers) or "none"
        raise ActionRefused(f"There is no server {name!r}", hint=f"Servers of the site: {known}") from None


def _ask(server: Server) -> ServerTrust:
    from gateway.sftp.transport import shown_keys

    trusted = Trusted(server.host_keys, ())
    try:
        trusted = trust.known(server)
        shown = tuple(shown_keys(server, first_of(trusted.types)))
    except ServerError as error:
        return ServerTrust(server, (), trusted, None, error)
    return ServerTrust(server, shown, trusted, _verdict(trusted, shown))


def _verdict(trusted: Trusted, shown: Sequence[HostKey]) -> Trust:
    """Return what a session would find: a fingerprint is looked for under all keys, as sessions do."""
    verdicts = [trust.decide(trusted, key) for key in shown]
    return Trust.TRUSTED if trusted.pins and Trust.TRUSTED in verdicts else verdicts[0]


def accept(context: Context, name: str, fingerprint: str, reason: str | None) -> Change:
    """Trust the key with this fingerprint, which the server must show now, instead of all before it.

    Audited before known_hosts is written; then the next pass asks the server, however long it was to be
    left alone. Raises ReasonMissing; ActionRefused where the configuration pins the server's keys or the
    server shows other ones; ServerError where it cannot be asked.
    """
    why = demand_reason(reason)
    server = server_of(context.site, name)
    _demand_changeable(server)
    key = _shown_with(server, _plain(fingerprint))
    text = trust.read_known_hosts(server.known_hosts)
    trusted = trust.known(server)
    verdict = trust.decide(trusted, key)
    if verdict is Trust.REVOKED:
        raise trust.refusal(server, trusted, [key])
    if verdict is Trust.TRUSTED and trusted.keys == (str(key),):
        ask_again(context, {server_place(name)})
        return Change(server, key, trusted.keys, is_new=False)
    now = context.clock.now()
    line = known_hosts.line_for(server.host, server.port, key, f"approved-{now:%Y-%m-%dT%H:%M:%SZ}")
    _note(context, "host-key-trusted", server, trusted.keys, {"key": str(key)}, why)
    kept = known_hosts.without(text, server.host, server.port)
    _write(server.known_hosts, f"{_ended(kept)}{line}")
    ask_again(context, {server_place(name)})
    return Change(server, key, trusted.keys, is_new=True)


def remove(context: Context, name: str, reason: str | None) -> tuple[str, ...]:
    """Trust no key of the server any more; return those that were trusted.

    Audited before known_hosts is written. Raises ReasonMissing; ActionRefused where none is trusted,
    or the configuration pins the server's keys.
    """
    why = demand_reason(reason)
    server = server_of(context.site, name)
    _demand_changeable(server)
    text, trusted = trust.read_known_hosts(server.known_hosts), trust.known(server)
    if not trusted.keys:
        raise ActionRefused("No key of the server is trusted", where=line.place(server))
    _note(context, "host-key-removed", server, trusted.keys, {"key": None}, why)
    _write(server.known_hosts, known_hosts.without(text, server.host, server.port))
    return trusted.keys


def _demand_changeable(server: Server) -> None:
    if server.host_keys:
        raise ActionRefused(
            "The configuration says which keys of this server are trusted, so known_hosts does not count",
            where=line.place(server),
            hint=f"Change `host_keys` of the server {server.name} in config/gateway.yaml",
        )


def _plain(fingerprint: str) -> str:
    """Return a fingerprint as the gateway writes it; raises ActionRefused for one of another kind."""
    text = fingerprint.strip().rstrip("=")
    if not text.startswith("SHA256:"):
        raise ActionRefused(
            f"{fingerprint!r} is no fingerprint of SHA-256",
            hint="It looks like SHA256:47DEQpj8HBSa..., as `ssh-keygen -lf KEY.pub` prints it;"
            " MD5 fingerprints (12:34:...) prove nothing any more",
        )
    return text


def _shown_with(server: Server, fingerprint: str) -> HostKey:
    """Return the key with that fingerprint that the server shows now."""
    from gateway.sftp.transport import shown_keys

    shown = []
    for key in shown_keys(server):
        if key.fingerprint == fingerprint:
            return key
        shown.append(str(key))
    raise ActionRefused(
        f"The server shows {' and '.join(shown)}, not {fingerprint}",
        where=line.place(server),
        hint="Nothing was changed. Compare with what the partner told you; do not approve what you cannot"
        " explain",
    )


def _note(
    context: Context, action: str, server: Server, old: Sequence[str], new: dict[str, Any], reason: str
) -> None:
    """Write the evidence, and commit it, before anything is changed."""
    place = {"host": server.host, "port": server.port, "known_hosts": str(server.known_hosts)}
    entry = AuditEntry(
        at=context.clock.now(),
        actor=context.actor,
        action=action,
        object_type="server",
        object_id=server.name,
        old={"keys": list(old)},
        new={**new, **place},
        reason=reason,
        versions=context.versions,
    )
    with context.ledger.write() as connection:
        audit.append(connection, [entry])


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def _write(path: Path, text: str) -> None:
    # a link to a file that several programs share stays a link
    writes.replace(os.path.realpath(path), text.encode("utf-8", "surrogateescape"))

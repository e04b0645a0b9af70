"""SFTP servers: the way to each, what it offers, and the directories that routes use there."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.config.secrets import demand_secrets
from gateway.config.settings import Server, SftpDestination, SftpSource, Site
from gateway.errors import (
    GatewayError,
    HostKeyChanged,
    HostKeyUnknown,
    LoginRefused,
    NoCommonAlgorithm,
    SecretsMissing,
    ServerError,
)
from gateway.operations.doctor.checks import Check, Subject
from gateway.operations.doctor.remote_destinations import Outbox, destination
from gateway.operations.doctor.remote_sources import Inbox, source
from gateway.sftp.base import Capabilities
from gateway.sftp.line import place
from gateway.sftp.probing import Agreed, connected


def look(site: Site, server: Server, name: str, *, writes: bool) -> Iterator[Check]:
    """Yield what is found about one server; ``name`` is that of probe files, where ``writes`` allows them."""
    subject = Subject("servers", server.name)
    why = _why(site, server)
    try:
        demand_secrets(site, f"servers.{server.name}")
    except SecretsMissing as error:
        yield subject.refused(error, why)
        return
    try:
        with connected(server) as line:
            yield subject.ok(f"{place(server)} answers, shows a trusted key, and lets {server.user} in")
            yield _agreed(subject, line.agreed)
            able = line.session.capabilities
            yield subject.ok(_offers(able))
            yield from _sync(subject, able)
            for one in _sources(site, server):
                yield from source(one, line, server, name, writes=writes)
            for target in _targets(site, server):
                yield from destination(
                    target, line, server, name, writes=writes, least=site.limits.minimum_free_bytes
                )
    except ServerError as error:
        yield from _refused(subject, server, error, why)


def _sources(site: Site, server: Server) -> list[Inbox]:
    return [
        Inbox(route.name, route.source)
        for route in site.routes
        if isinstance(route.source, SftpSource) and route.source.server == server.name
    ]


def _targets(site: Site, server: Server) -> list[Outbox]:
    return [
        Outbox(route.name, one)
        for route in site.routes
        for one in route.destinations
        if isinstance(one, SftpDestination) and one.server == server.name
    ]


def _why(site: Site, server: Server) -> str:
    routes = {one.route for one in _sources(site, server)} | {one.route for one in _targets(site, server)}
    if not routes:
        return "No route uses it yet"
    return f"Files of {', '.join(sorted(routes))} wait until this is mended; none is lost"


def _refused(subject: Subject, server: Server, error: GatewayError, why: str) -> Iterator[Check]:
    """Yield how far the way to a server went, and where it ended."""
    reached = (HostKeyUnknown, HostKeyChanged, NoCommonAlgorithm, LoginRefused)
    if isinstance(error, reached):
        yield subject.ok(f"{place(server)} answers")
    if isinstance(error, LoginRefused):
        yield subject.ok("it shows a trusted key")
    yield subject.refused(error, why, f"`gateway trust show {server.name}`, then ask the partner")


def _agreed(subject: Subject, agreed: Agreed) -> Check:
    used = [agreed.key_exchange, agreed.host_key, agreed.cipher, *([agreed.mac] if agreed.mac else [])]
    if agreed.old:
        return subject.warning(
            f"it is talked to with old algorithms: {', '.join(agreed.old)}",
            "They are weaker than what is asked for today, and the next update may end them",
            "Ask the partner to bring the server up to date; then set `algorithms: modern`",
        )
    return subject.ok(f"algorithms {', '.join(used)}")


def _offers(able: Capabilities) -> str:
    names = ", ".join(sorted(able.extensions)) or "none"
    return (
        f"it is {able.software or 'of unknown make'}; reads of {able.read_bytes:,} bytes, writes of"
        f" {able.write_bytes:,}, {able.handles} open files at once; extensions: {names}"
    )


def _sync(subject: Subject, able: Capabilities) -> Iterator[Check]:
    if not able.can_sync:
        yield subject.ok(
            "it cannot be asked to make files durable (no fsync): its word for a close has to do"
        )

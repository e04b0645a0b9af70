"""Everything that a site depends on, looked at in one go."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from gateway.clock import SystemClock
from gateway.config.secrets import demand_secrets
from gateway.config.settings import FolderSource, Route, Server, Site
from gateway.custody.layout import Layout
from gateway.errors import SecretsMissing
from gateway.operations.doctor import (
    channels,
    clocks,
    configuration,
    directories,
    installation,
    service,
)
from gateway.operations.doctor.checks import TOPICS, Check, Examination, Subject
from gateway.operations.doctor.directories import Place, Trial
from gateway.operations.doctor.running import Probe, run
from gateway.rules.health import Verdict as State
from gateway.watching import PROBE_PREFIX

#: What hangs on this machine is a share or a disk.
_LOCAL_SECONDS = 20.0
_CHECK_SECONDS = 60.0
_LEDGER_SECONDS = 45.0
#: Beyond connection, login and one reply that does not come.
_SERVER_SECONDS = 30.0
_CHANNEL_SECONDS = 75.0
#: Where the configuration does not say it.
_LEAST_BYTES = 64 * 1024 * 1024

HealthOf = Callable[[Path], State]


def examine(
    directory: Path, health_of: HealthOf, *, only: Sequence[str] = (), writes: bool = True
) -> Examination:
    """Look at everything that the site in ``directory`` depends on, beside a gateway at work.

    ``only`` names servers: then nothing but them is looked at. Without ``writes`` no probe files are
    made, here and there. ``health_of`` tells how the service is. Raises ConfigurationMissing where there is
    no site, ActionRefused for a server that it does not have.
    """
    site, wrong = configuration.known(directory)
    name = f"{PROBE_PREFIX}{secrets.token_hex(8)}"
    if site is not None and only:
        from gateway.operations.trusting import server_of

        probes = [_server(site, server_of(site, one), name, writes) for one in dict.fromkeys(only)]
    elif site is None:
        probes = [*_everywhere(), *_bare(Layout(directory), health_of, Trial(name, writes, _LEAST_BYTES))]
    else:
        how = Trial(name, writes, site.limits.minimum_free_bytes)
        probes = [*_everywhere(), *_whole(site, health_of, how)]
    found = [*wrong, *run(probes)]
    shown = site.name if site is not None else directory.absolute().name
    return Examination(
        shown, SystemClock().now(), tuple(sorted(found, key=lambda check: TOPICS.index(check.topic)))
    )


def _everywhere() -> Iterator[Probe]:
    """Yield what does not depend on the site."""
    yield _local("installation", "software", installation.software)
    yield _local("clock", "time service", clocks.synchronised)


def _bare(layout: Layout, health_of: HealthOf, how: Trial) -> Iterator[Probe]:
    """Yield what can be looked at without a valid configuration."""
    yield _local("directories", str(layout.site), lambda: _own(layout, how))
    yield _ledger(layout, "", how)
    yield _local("installation", "limits", lambda: installation.limits(0))
    yield _local("service", "service", lambda: service.look(layout.site, health_of))


def _whole(site: Site, health_of: HealthOf, how: Trial) -> Iterator[Probe]:
    layout = Layout(site.directory)
    yield Probe(
        Subject("configuration", "configuration and formats"), _CHECK_SECONDS, lambda: _configured(site)
    )
    yield _local("directories", str(layout.site), lambda: _own(layout, how))
    for route in site.routes:
        yield from _route(route, layout, how)
    watched = sum(isinstance(route.source, FolderSource) and route.source.watch for route in site.routes)
    yield _local("installation", "limits", lambda: installation.limits(watched))
    yield _local("clock", "time zones", lambda: clocks.zones(site, SystemClock().now()))
    try:
        demand_secrets(site, "site.ledger")
    except SecretsMissing:
        pass  # said of the secrets; where the ledger is, nobody knows
    else:
        yield _ledger(layout, site.ledger, how)
    yield _local("service", "service", lambda: service.look(site.directory, health_of))
    for server in site.servers:
        yield _server(site, server, how.name, how.writes)
    yield _local("alerts", "rules", lambda: channels.rules(site))
    for channel in site.channels:
        yield Probe(Subject("alerts", channel.name), _CHANNEL_SECONDS, partial(channels.look, site, channel))


def _local(topic: str, what: str, work: Callable[[], Iterator[Check]]) -> Probe:
    return Probe(Subject(topic, what), _LOCAL_SECONDS, work)


def _ledger(layout: Layout, url: str, how: Trial) -> Probe:
    """Look at the ledger at ``url``; an empty one is that of the site."""

    def look() -> Iterator[Check]:
        # here: a database library that cannot be loaded must not keep anybody from hearing the rest
        from gateway.ledger.engine import default_url
        from gateway.operations.doctor import ledger

        yield from ledger.look(layout, url or default_url(layout.site), writes=how.writes)

    return Probe(Subject("ledger", "ledger"), _LEDGER_SECONDS, look)


def _configured(site: Site) -> Iterator[Check]:
    yield from configuration.problems(site)
    yield from configuration.versions(site)
    yield from configuration.secrets(site)
    for server in site.servers:
        with contextlib.suppress(SecretsMissing):
            demand_secrets(site, f"servers.{server.name}")
            yield from configuration.login_files(server)


def _own(layout: Layout, how: Trial) -> Iterator[Check]:
    yield from directories.ownership(layout)
    for place in directories.own_places(layout):
        yield from directories.look(place, how)
    if how.writes:
        yield from directories.bulk_sync(layout)


def _route(route: Route, layout: Layout, how: Trial) -> Iterator[Probe]:
    """Yield a probe for each directory outside of the site's own: each may be a share that hangs."""
    yield _local("directories", route.name, lambda: directories.inside(route, layout))
    place = directories.inbox(route, layout)
    if place is not None:
        yield _folder(place, how, lambda: _inbox(route, place, layout, how))
    for each in directories.outboxes(route):
        yield _folder(each, how, partial(directories.look, each, how))


def _folder(place: Place, how: Trial, work: Callable[[], Iterator[Check]]) -> Probe:
    left = f"A file whose name begins with {how.name} may be left there" if how.writes else ""
    return Probe(Subject("directories", f"{place.what}: {place.path}"), _LOCAL_SECONDS, work, left)


def _inbox(route: Route, place: Place, layout: Layout, how: Trial) -> Iterator[Check]:
    yield from directories.look(place, how)
    yield from directories.claim(route, place, layout, how)
    yield from directories.events(route, place, how)


def _server(site: Site, server: Server, name: str, writes: bool) -> Probe:
    def look() -> Iterator[Check]:
        # here, as with the ledger
        from gateway.operations.doctor import servers

        yield from servers.look(site, server, name, writes=writes)

    # one reply that does not come, and the rest
    seconds = 3 * server.connect_seconds + server.reply_seconds + _SERVER_SECONDS
    left = f"A file whose name begins with {name} may be left there" if writes else ""
    return Probe(Subject("servers", server.name), seconds, look, left)

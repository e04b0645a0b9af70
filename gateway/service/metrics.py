"""Metrics in the text form of Prometheus: what stands in the ledger, and what passes did since the start.

Labels are names of the configuration (routes, destinations, places, channels), states and codes, never
names or ids of files. What must survive a restart is counted by the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from gateway import __version__
from gateway.config.settings import Site
from gateway.model import State
from gateway.rules.circuit import CircuitState
from gateway.service.board import ServiceState
from gateway.service.snapshot import Snapshot
from gateway.stages.context import Report

# the time at which each counter was made doubles the series and says nothing that the start does not
disable_created_metrics()  # type: ignore[no-untyped-call]  # the library does not type it

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)


class FromLedger(Collector):
    """What stands in the ledger."""

    def __init__(self, snapshot: Callable[[], Snapshot], site: Callable[[], Site]) -> None:
        self._snapshot, self._site = snapshot, site

    def collect(self) -> Iterator[Metric]:
        """Yield each metric; of a ledger that cannot be read only that."""
        now, site = self._snapshot(), self._site()
        yield InfoMetricFamily(
            "gateway_build", "Version and site.", {"version": __version__, "site": site.name}
        )
        yield _gauge("gateway_ledger_readable", "Whether the ledger could be read.", float(now.error is None))
        if now.free_bytes is not None:
            text = "Free bytes of the file system under the site."
            yield _gauge("gateway_disk_free_bytes", text, now.free_bytes)
        if now.error is None:
            yield from _files(now)
            yield from _ages(now, site)
            yield from _places(now, site)
            yield from _alerting(now)


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, value=value)


def _files(now: Snapshot) -> Iterator[Metric]:
    files = GaugeMetricFamily("gateway_files", "Files by where they stand.", labels=("route", "state"))
    sizes = GaugeMetricFamily("gateway_files_bytes", "Their bytes.", labels=("route", "state"))
    for one in now.amounts:
        labels = (one.route, one.state.value)
        files.add_metric(labels, one.files)
        sizes.add_metric(labels, one.bytes)
    waiting = GaugeMetricFamily(
        "gateway_waiting_files", "Files at the source, not taken yet.", labels=("route",)
    )
    for route, (count, _oldest) in now.waiting.items():
        waiting.add_metric((route,), count)
    failed = GaugeMetricFamily(
        "gateway_failed_files", "Failed files that nobody corrected yet.", labels=("route", "code")
    )
    for (route, code), count in now.failed.items():
        failed.add_metric((route, code), count)
    missing = GaugeMetricFamily(
        "gateway_missing_numbers", "Control numbers that did not come.", labels=("route",)
    )
    for route, count in now.missing.items():
        missing.add_metric((route,), count)
    yield from (files, sizes, waiting, failed, missing)


def _ages(now: Snapshot, site: Site) -> Iterator[Metric]:
    oldest = GaugeMetricFamily(
        "gateway_oldest_file_age_seconds",
        "Age of the oldest file there, 0 if none.",
        labels=("route", "state"),
    )
    for route in site.routes:
        _count, first = now.waiting.get(route.name, (0, None))
        oldest.add_metric((route.name, "waiting"), _age(first, now.at))
        for state in (State.CLAIMED, State.HELD, State.DELIVERING):
            oldest.add_metric((route.name, state.value), _age(now.oldest.get((route.name, state)), now.at))
    last = GaugeMetricFamily(
        "gateway_last_file_timestamp_seconds", "When a file was settled last.", labels=("route", "outcome")
    )
    for (name, state), at in now.newest.items():
        last.add_metric((name, state.value), at.timestamp())
    yield from (oldest, last)


def _age(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def _places(now: Snapshot, site: Site) -> Iterator[Metric]:
    waiting = GaugeMetricFamily(
        "gateway_deliveries_open", "Deliveries not confirmed yet.", labels=("destination", "state")
    )
    for (destination, state), count in now.undelivered.items():
        waiting.add_metric((destination, state.value), count)
    made = CounterMetricFamily("gateway_deliveries", "Confirmed deliveries.", labels=("destination",))
    for destination, count in now.delivered.items():
        made.add_metric((destination,), count)
    up = GaugeMetricFamily(
        "gateway_place_up", "Whether a partner is used, not left alone.", labels=("place",)
    )
    failures = GaugeMetricFamily(
        "gateway_place_failures", "Failures of a partner in a row.", labels=("place",)
    )
    known = {one.place: one for one in now.circuits}
    for place in dict.fromkeys((*(f"server {one.name}" for one in site.servers), *known)):
        circuit = known.get(place)
        up.add_metric((place,), float(circuit is None or circuit.state is CircuitState.CLOSED))
        failures.add_metric((place,), circuit.failures if circuit else 0)
    yield from (waiting, made, up, failures)


def _alerting(now: Snapshot) -> Iterator[Metric]:
    lasting = GaugeMetricFamily("gateway_alerts", "Alerts that last.", labels=("kind",))
    for kind, count in sorted(now.alerts.items()):
        lasting.add_metric((kind,), count)
    unsent = GaugeMetricFamily(
        "gateway_alert_messages_unsent", "Messages that a channel did not take.", labels=("channel",)
    )
    for one in now.unsent:
        unsent.add_metric((one.channel,), one.count)
    yield from (lasting, unsent)


class FromBoard(Collector):
    """What the service shows of itself."""

    def __init__(self, state: Callable[[], ServiceState]) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """Yield the lanes of the service, and since when it runs."""
        state = self._state()
        yield _gauge("gateway_start_time_seconds", "When the service started.", state.started.timestamp())
        refused = float(state.refused is not None)
        yield _gauge("gateway_configuration_refused", "Whether the last change was refused.", refused)
        labels = ("lane", "kind")
        busy = GaugeMetricFamily("gateway_lane_running", "Whether a lane is at work.", labels=labels)
        failing = GaugeMetricFamily(
            "gateway_lane_failing", "Whether its last pass got through not.", labels=labels
        )
        good = GaugeMetricFamily(
            "gateway_lane_last_success_timestamp_seconds", "Its last good pass.", labels=labels
        )
        due = GaugeMetricFamily("gateway_lane_next_due_timestamp_seconds", "Its next pass.", labels=labels)
        for lane in state.lanes:
            key = (lane.name, lane.kind)
            busy.add_metric(key, float(lane.running_since is not None))
            failing.add_metric(key, float(lane.last_error is not None))
            if lane.last_ok is not None:
                good.add_metric(key, lane.last_ok.timestamp())
            if lane.next_due is not None:
                due.add_metric(key, lane.next_due.timestamp())
        yield from (busy, failing, good, due)


class Passes:
    """What passes did since the service started."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "gateway_pass_duration_seconds",
            "How long passes took.",
            ("route", "kind"),
            buckets=_BUCKETS,
            registry=registry,
        )
        self._taken = Counter(
            "gateway_files_taken", "Files taken from sources.", ("route",), registry=registry
        )
        self._outcomes = Counter(
            "gateway_files_passed", "Files settled or held in passes.", ("route", "state"), registry=registry
        )
        self._bytes = Counter("gateway_passed_bytes", "Their bytes.", ("route", "state"), registry=registry)
        self._findings = Counter(
            "gateway_findings", "Findings in files.", ("route", "code"), registry=registry
        )
        self._problems = Counter(
            "gateway_problems",
            "What kept a file or route from going on.",
            ("route", "code"),
            registry=registry,
        )

    def passed(self, route: str, kind: str, seconds: float, reports: Sequence[Report]) -> None:
        """Count a pass of ``route``, of a lane of that kind, with what it did."""
        self._seconds.labels(route, kind).observe(max(0.0, seconds))
        for report in reports:
            self._taken.labels(report.route).inc(report.taken)
            for state, count in report.counts.items():
                self._outcomes.labels(report.route, state.value).inc(count)
            for state, count in report.bytes.items():
                self._bytes.labels(report.route, state.value).inc(count)
            for code, count in report.findings.items():
                self._findings.labels(report.route, code).inc(count)
            for problem in report.problems:
                self._problems.labels(report.route, problem.error.code).inc()


def ledger_text(snapshot: Snapshot, site: Site) -> bytes:
    """Return the metrics of the ledger alone, for the textfile collector of a site that runs from cron."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(FromLedger(lambda: snapshot, lambda: site))
    return generate_latest(registry)

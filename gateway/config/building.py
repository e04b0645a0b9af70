"""From a valid document with its defaults to the values the gateway works with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.config.anchoring import Anchoring
from gateway.config.build_alerts import build_channel, build_rule, build_service
from gateway.config.build_places import build_destination, build_server, build_source
from gateway.config.build_plans import build_calendar, build_expectation, build_schedule, build_unusual
from gateway.config.build_retention import build_retention
from gateway.config.notation import seconds, size
from gateway.config.paths import absolute, optional
from gateway.config.settings import Limits, Partner, Route, Site
from gateway.rules.completeness_policy import CompletenessPolicy, ControlFilePolicy, EvidenceKind
from gateway.rules.duplicates import Action, DuplicatePolicy
from gateway.rules.in_force import DatePolicy
from gateway.rules.sequence_policy import Expired, Late, Model, Order, SequencePolicy

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from gateway.config.secrets import Secrets

Data = dict[str, Any]


def build_site(data: Mapping[str, Any], directory: Path, secrets: Secrets, digest: str) -> Site:
    """Return the site that ``data`` describes, with paths from the absolute ``directory``.

    Its values come from ``secrets``, which notes those that cannot be had; ``digest`` is that of the
    configuration file.
    """
    site, alerts = data["site"], data["alerts"]
    ledger = secrets.get(site["ledger"], ("site", "ledger"))
    return Site(
        name=site["name"],
        directory=directory,
        routes=tuple(
            _route(name, route, directory, site["time_zone"]) for name, route in data["routes"].items()
        ),
        time_zone=site["time_zone"],
        formats=absolute(site["formats"], directory),
        ledger="" if ledger is None else ledger.text,
        interval_seconds=seconds(site["interval"]),
        limits=_limits(site["limits"]),
        digest=digest,
        partners=tuple(Partner(name, dict(each["versions"])) for name, each in data["partners"].items()),
        servers=tuple(build_server(name, each, directory, secrets) for name, each in data["servers"].items()),
        calendars=tuple(build_calendar(name, each) for name, each in data["calendars"].items()),
        channels=tuple(
            build_channel(name, each, directory, secrets) for name, each in alerts["channels"].items()
        ),
        alerts=tuple(build_rule(each) for each in alerts["rules"]),
        service=build_service(data["service"]),
        audit=_anchoring(data["audit"], directory, secrets),
        retention=build_retention(data["retention"]),
    )


def _anchoring(data: Data, directory: Path, secrets: Secrets) -> Anchoring:
    return Anchoring(
        copies=tuple(absolute(text, directory) for text in data["checkpoints"]),
        signing_key=optional(data["signing_key"], directory),
        passphrase=secrets.get(data["passphrase"], ("audit", "passphrase")),
        trusted_keys=tuple(data["trusted_keys"]),
    )


def _limits(data: Data) -> Limits:
    return Limits(
        batch_files=data["batch_files"],
        batch_bytes=size(data["batch_bytes"]),
        listed_per_rule=data["listed_per_rule"],
        listed_per_file=data["listed_per_file"],
        minimum_free_bytes=size(data["minimum_free"]),
    )


def _route(name: str, data: Data, directory: Path, time_zone: str) -> Route:
    plain = (
        "partner", "message_type", "versions", "version_from", "version", "name_pattern", "identity_from",
        "deliver_as", "sender", "replay_default_reason", "enabled", "description",
    )  # fmt: skip
    return Route(
        name=name,
        source=build_source(name, data, directory),
        destinations=tuple(
            build_destination(key, each, directory) for key, each in data["destinations"].items()
        ),
        completeness=_completeness(data["completeness"]),
        duplicates=_duplicates(data["duplicates"]),
        sequence=_sequence(data["sequence"]),
        empty_file=Action(data["empty_file"]),
        effective_dates=DatePolicy(data["effective_dates"]),
        schedule=build_schedule(data["schedule"], time_zone),
        expect=tuple(build_expectation(each) for each in data["expect"]),
        unusual=build_unusual(data["unusual"]),
        **{key: data[key] for key in plain},
    )


def _completeness(data: Data) -> CompletenessPolicy:
    return CompletenessPolicy(
        require=tuple(EvidenceKind(kind) for kind in data["require"]),
        looks=data["looks"],
        quiet_seconds=seconds(data["quiet"]),
        done_suffix=data["done_suffix"],
        done_replaces_extension=data["done_replaces_extension"],
        checksum_suffix=data["checksum_suffix"],
        checksum_algorithm=data["checksum_algorithm"],
        temporary_patterns=tuple(data["temporary_patterns"]),
        control_file=ControlFilePolicy(**data["control_file"]),
        mismatch_seconds=seconds(data["mismatch_after"]),
        alert_after_seconds=seconds(data["alert_after"]),
    )


def _duplicates(data: Data) -> DuplicatePolicy:
    return DuplicatePolicy(
        resend=Action(data["resend"]),
        conflict=Action(data["conflict"]),
        copy=Action(data["copy"]),
        record_duplicate=Action(data["record_duplicate"]),
        retention_days=data["retention_days"],
    )


def _sequence(data: Data) -> SequencePolicy:
    return SequencePolicy(
        model=Model(data["model"]),
        order=Order(data["order"]),
        number_from=data["number_from"],
        start=data["start"],
        step=data["step"],
        wrap_after=data["wrap_after"],
        wrap_to=data["wrap_to"],
        reserved=tuple(data["reserved"]),
        largest_jump=data["largest_jump"],
        reset_to=data["reset_to"],
        hold_seconds=seconds(data["hold"]),
        expired=Expired(data["expired"]),
        late=Late(data["late"]),
    )

"""From a valid document with its defaults to the values the gateway works with."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.config.notation import seconds, size
from gateway.config.settings import FolderDestination, FolderSource, Limits, Partner, RetryPolicy, Route, Site
from gateway.rules.completeness import CompletenessPolicy, ControlFilePolicy, EvidenceKind
from gateway.rules.duplicates import Action, DuplicatePolicy
from gateway.rules.in_force import DatePolicy
from gateway.rules.sequence import Expired, Late, Model, Order, SequencePolicy

if TYPE_CHECKING:
    from collections.abc import Mapping

Data = dict[str, Any]


def build_site(data: Mapping[str, Any], directory: Path, ledger: str, digest: str) -> Site:
    """Return the site that ``data`` describes, with paths from the absolute ``directory``.

    ``ledger`` is the URL with its secrets in place, ``digest`` that of the configuration file.
    """
    site = data["site"]
    return Site(
        name=site["name"],
        directory=directory,
        routes=tuple(_route(name, route, directory) for name, route in data["routes"].items()),
        time_zone=site["time_zone"],
        formats=absolute(site["formats"], directory),
        ledger=ledger,
        interval_seconds=seconds(site["interval"]),
        limits=_limits(site["limits"]),
        digest=digest,
        partners=tuple(Partner(name, dict(each["versions"])) for name, each in data["partners"].items()),
    )


def absolute(text: str, directory: Path) -> Path:
    """Return the path that ``text`` means in the site ``directory``, without ``.`` and ``..``."""
    return Path(os.path.normpath(directory / text))


def inbox(name: str, route: Mapping[str, Any], directory: Path) -> Path:
    """Return the directory in which the files of the route ``name`` arrive."""
    return absolute(route["source"]["path"] or f"inbox/{name}", directory)


def _limits(data: Data) -> Limits:
    return Limits(
        batch_files=data["batch_files"],
        batch_bytes=size(data["batch_bytes"]),
        listed_per_rule=data["listed_per_rule"],
        listed_per_file=data["listed_per_file"],
        minimum_free_bytes=size(data["minimum_free"]),
    )


def _route(name: str, data: Data, directory: Path) -> Route:
    source = FolderSource(inbox(name, data, directory), data["source"]["pattern"], data["source"]["type"])
    plain = (
        "partner", "message_type", "versions", "version_from", "version", "name_pattern", "identity_from",
        "deliver_as", "sender", "replay_default_reason", "enabled", "description",
    )  # fmt: skip
    return Route(
        name=name,
        source=source,
        destinations=tuple(_destination(key, each, directory) for key, each in data["destinations"].items()),
        completeness=_completeness(data["completeness"]),
        duplicates=_duplicates(data["duplicates"]),
        sequence=_sequence(data["sequence"]),
        empty_file=Action(data["empty_file"]),
        effective_dates=DatePolicy(data["effective_dates"]),
        **{key: data[key] for key in plain},
    )


def _destination(name: str, data: Data, directory: Path) -> FolderDestination:
    retry = data["retry"]
    return FolderDestination(
        name=name,
        path=absolute(data["path"], directory),
        file_name=data["file_name"],
        done_marker=data["done_marker"],
        retry=RetryPolicy(
            first_seconds=seconds(retry["first"]),
            factor=float(retry["factor"]),
            cap_seconds=seconds(retry["cap"]),
            jitter=float(retry["jitter"]),
        ),
        type=data["type"],
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

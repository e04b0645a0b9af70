"""What a manifest records, as the rows that the ledger had: the way back from `manifest.build_manifest`.

A manifest does not say: the name in work (made from id and name), time stamp and inode (the file has
them), when the row was changed last (the time of settlement stands for it), where a delivery was staged.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.custody.names import working_name
from gateway.model import (
    Attempt,
    Companion,
    Delivery,
    DeliveryState,
    Disposition,
    Evidence,
    Output,
    State,
    Transfer,
)

_STATE = {
    Disposition.PROCESSED: State.PROCESSED,
    Disposition.FAILED: State.FAILED,
    Disposition.DUPLICATE: State.DUPLICATE,
}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One settled transfer with its attempts and deliveries."""

    transfer: Transfer
    attempts: tuple[Attempt, ...]
    deliveries: tuple[Delivery, ...]


def recorded(manifest: Mapping[str, Any], manifest_sha256: str | None) -> Recorded:
    """Return the rows of a manifest that satisfies its schema.

    Raises ValueError where a value that the schema lets pass cannot be one of the gateway's.
    """
    transfer = _transfer(manifest, manifest_sha256)
    return Recorded(
        transfer,
        tuple(_attempt(transfer.id, one) for one in manifest["attempts"]),
        tuple(_delivery(transfer.id, one) for one in manifest["deliveries"]),
    )


def _transfer(manifest: Mapping[str, Any], manifest_sha256: str | None) -> Transfer:
    owner, file, result = manifest["transfer"], manifest["file"], manifest["result"]
    times, identity, name = manifest["times"], manifest["identity"], _name(file, "name")
    disposition = Disposition(result["disposition"]) if "disposition" in result else None
    if disposition is None or "path" not in result:
        raise ValueError("it does not say what became of its file")
    settled_at = _time(times.get("settled"))
    return Transfer(
        id=owner["id"],
        route=owner["route"],
        partner=owner["partner"],
        message_type=owner["message_type"],
        name=name,
        state=_STATE[disposition],
        attempt=owner["attempt"],
        size=file["size"],
        arrived_at=_moment(times["arrived"]),
        source=_name(manifest["source"], "path"),
        working_name=working_name(owner["id"], name),
        evidence=tuple(Evidence(**one) for one in manifest["evidence"]),
        companions=tuple(_companion(one) for one in manifest["companions"]),
        sha256=file.get("sha256"),
        output=_output(manifest.get("output")),
        format_version=manifest["format"].get("version"),
        format_digest=manifest["format"].get("digest"),
        config_digest=manifest["configuration"].get("digest"),
        sender=identity.get("sender"),
        message_id=identity.get("message_id"),
        control_number=identity.get("control_number"),
        previous_number=identity.get("previous_number"),
        interchange_key=identity.get("interchange_key"),
        stream=identity.get("stream"),
        records=file.get("records"),
        verdict=result.get("verdict"),
        findings=manifest.get("findings"),
        reason_code=result.get("reason_code"),
        reason=result.get("reason"),
        settle_as=disposition,
        settled_path=result["path"],
        settled_at=settled_at,
        manifest_sha256=manifest_sha256,
        held_until=_time(times.get("held_until")),
        parent=owner.get("parent"),
        superseded_by=owner.get("superseded_by"),
        authorised=owner.get("authorised"),
        changed_at=settled_at,
    )


def _companion(data: Mapping[str, Any]) -> Companion:
    return Companion(_name(data, "name"), data["role"], data["size"], data.get("sha256"))


def _output(data: Mapping[str, Any] | None) -> Output | None:
    """Return what was delivered instead; a manifest of version 1.0 says its name beside the file only."""
    if data is None:
        return None
    name = data.get("name", data["archived_as"])
    return Output(
        name=name,
        suffix=data.get("suffix", os.path.splitext(name)[1]),
        size=data["size"],
        sha256=data["sha256"],
        format=data["format"],
        format_digest=data["format_digest"],
        mapping=data["mapping"],
        mapping_digest=data["mapping_digest"],
    )


def _attempt(transfer: str, data: Mapping[str, Any]) -> Attempt:
    return Attempt(
        transfer=transfer,
        number=data["number"],
        actor=data["actor"],
        reason=data["reason"],
        started_at=_moment(data["started"]),
        ended_at=_time(data.get("ended")),
        outcome=data.get("outcome"),
        detail=data.get("detail"),
    )


def _delivery(transfer: str, data: Mapping[str, Any]) -> Delivery:
    return Delivery(
        transfer=transfer,
        attempt=data["attempt"],
        destination=data["destination"],
        key=data["key"],
        state=DeliveryState(data["state"]),
        tries=data["tries"],
        last_error=data.get("last_error"),
        target=data.get("target"),
        delivered_at=_time(data.get("delivered")),
        place=data.get("place"),
    )


def _name(data: Mapping[str, Any], member: str) -> str:
    """Return a name: from its very bytes where text cannot hold it."""
    if f"{member}_bytes" in data:
        return os.fsdecode(base64.b64decode(data[f"{member}_bytes"], validate=True))
    return str(data[member])


def _time(data: Mapping[str, str] | None) -> datetime | None:
    return None if data is None else _moment(data)


def _moment(data: Mapping[str, str]) -> datetime:
    return datetime.fromisoformat(data["utc"])

"""Which format versions take no files at a site although a route accepts them, and why."""

from __future__ import annotations

from typing import Any

from gateway.errors import AuditBroken, FormatError
from gateway.formats.catalogue import Standing
from gateway.formats.versions import parse_range
from gateway.stages.context import Context
from gateway.stages.in_force import recall_lock


def refused_formats(context: Context, *, whole: bool) -> list[dict[str, Any]]:
    """Return each reason, with the versions that it stops, for the versions that enabled routes accept.

    A version that was locked could be used then, and has the same bytes now: unless ``whole``, it is
    compared and not read. What is wrong with it all the same, because the gateway is another one now, is
    found with ``whole``. The catalogue must not have been used before: what it knows of its lock is recalled
    first.
    """
    try:
        recall_lock(context)
    except AuditBroken as error:
        return [_reason(error, [])]
    stopped: dict[str, tuple[FormatError, list[str]]] = {}
    for name, refusal in _refused(context, whole):
        stopped.setdefault(str(refusal), (refusal, []))[1].append(name)
    return [_reason(refusal, names) for refusal, names in stopped.values()]


def _refused(context: Context, whole: bool) -> list[tuple[str, FormatError]]:
    catalogue = context.catalogue
    found: dict[str, FormatError] = {}
    for route in context.site.routes:
        accepted, name = parse_range(route.versions), route.message_type
        for version in [*catalogue.versions(name), *catalogue.gone(name)] if route.enabled else ():
            try:
                if accepted.accepts(version) and (
                    whole or catalogue.standing(name, version) is not Standing.LOCKED
                ):
                    catalogue.get(name, version)
            except FormatError as error:
                found[f"{name} {version}"] = error
    return list(found.items())


def _reason(error: FormatError | AuditBroken, versions: list[str]) -> dict[str, Any]:
    return {"code": error.code, "versions": versions, "lines": error.lines()}

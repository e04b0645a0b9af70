"""What a route expects of control numbers against what the formats that it accepts say of them."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.config.settings import Route, Site
from gateway.formats.catalogue import Catalogue
from gateway.formats.definition import Format, Numbering
from gateway.formats.versions import parse_range
from gateway.model import Problem
from gateway.rules.sequence_policy import Model


def numbering_problems(site: Site, catalogue: Catalogue) -> list[Problem]:
    """Return a problem for each route that counts otherwise than the sender of a format it accepts."""
    where = str(site.directory / "config" / "gateway.yaml")
    return [
        Problem(where, f"{definition.name} says otherwise: {said}", path=f"routes.{route.name}.{path}",
                found=found, allowed=allowed)
        for route in site.routes
        if route.sequence.model is Model.COUNTER
        for definition in _accepted(route, catalogue)
        if definition.envelope.sequence is not None
        for path, said, found, allowed in contradictions(route, definition.envelope.sequence)
    ]  # fmt: skip


def _accepted(route: Route, catalogue: Catalogue) -> list[Format]:
    accepted = parse_range(route.versions)
    return [each for each in catalogue.readable(route.message_type) if accepted.accepts(each.version)]


def contradictions(route: Route, told: Numbering) -> Iterator[tuple[str, str, str | None, str]]:
    """Yield where the route's counter contradicts ``told``: path, what is said, found, allowed."""
    policy = route.sequence
    if told.last is not None and policy.wrap_after != told.last:
        found = None if policy.wrap_after is None else str(policy.wrap_after)
        yield "sequence.wrap_after", f"the numbers end at {told.last}", found, str(told.last)
    if told.last is not None and told.first is not None and policy.wrap_to != told.first:
        said = f"after the last number comes {told.first}"
        yield "sequence.wrap_to", said, str(policy.wrap_to), str(told.first)
    if told.reset != "never" and policy.reset_to is None:
        allowed = "the number with which the sender starts again"
        yield "sequence.reset_to", f"the numbers start again {told.reset}", None, allowed

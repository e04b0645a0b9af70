"""Options by which commands choose transfers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Moment(click.ParamType[dt.datetime]):
    """A time: ISO 8601, in UTC unless it carries an offset."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.datetime:
        """Return the moment in UTC; a usage error for anything else."""
        if isinstance(value, dt.datetime):
            return value
        try:
            moment = dt.datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a time such as 2026-11-22 or 2026-11-22T06:30+01:00", param, ctx)
        return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def selection_options(command: _Command) -> _Command:
    """Add --code, --route, --since and --until to ``command``."""
    options = (
        click.option("--code", help="Only with this finding code, e.g. F302."),
        click.option("--route", help="Only of this route."),
        click.option(
            "--since", type=Moment(), help="Arrived at or after this time (UTC unless it has an offset)."
        ),
        click.option("--until", type=Moment(), help="Arrived at or before this time."),
    )
    for option in reversed(options):
        command = option(command)
    return command

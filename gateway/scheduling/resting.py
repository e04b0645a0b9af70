"""When does a route of a site rest?"""

from __future__ import annotations

import zoneinfo
from datetime import datetime

from gateway.config.settings import Route, Site
from gateway.rules import schedule
from gateway.rules.schedule import Rest


def resting(site: Site, route: Route, moment: datetime) -> Rest | None:
    """Return why and until when ``route`` rests at ``moment``; None if passes over it may begin.

    What is open is not left half done: a pass that has begun goes on into the rest.
    """
    plan = route.schedule
    calendar = None if plan.calendar is None else site.calendar(plan.calendar)
    return schedule.rest(plan.blackouts, calendar, zoneinfo.ZoneInfo(plan.time_zone), moment)

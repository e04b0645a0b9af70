"""What of a lane's work failed before and is still to be tried again, as the ledger has it."""

from __future__ import annotations

from gateway.lanes.posts import Post
from gateway.ledger import deliveries, remote_files
from gateway.stages.context import Context
from gateway.stages.deliver import remote_destinations


def is_failing(context: Context, post: Post) -> bool:
    """Return whether a delivery or an acknowledgement of the lane has failed and waits for another try.

    Raises LedgerError.
    """
    if post.destination is not None:
        with context.ledger.read() as connection:
            return deliveries.failing(connection, post.route, (post.destination,))
    routes = [route for route in context.site.routes if route.name == post.route]
    local = [
        one.name
        for route in routes
        for one in route.destinations
        if one.name not in remote_destinations(route)
    ]
    with context.ledger.read() as connection:
        return deliveries.failing(connection, post.route, local) or remote_files.failing(
            connection, post.route
        )

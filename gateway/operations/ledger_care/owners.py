"""Who works on what after a restore or rebuild: nobody, and every token to come is above all before.

A token that was given twice would let a node that was paused since before pass for the present owner: its
files stand in directories that are named after the token. So the next tokens are above those of the ledger
that is replaced, of the one that replaces it, and of the directories of work; with a gap, for one may have
been given that left no trace in any of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from gateway.custody.layout import Layout
from gateway.custody.look import look
from gateway.custody.shared_layout import SharedLayout, give_back, greatest_token, let_go, tokens_of
from gateway.errors import SiteBusy
from gateway.ledger import leases, nodes
from gateway.ledger.engine import Connection
from gateway.nodes.membership import ALERTS, lease_of
from gateway.stages.context import Context

#: Tokens begin anew at a multiple of this.
_STEP = 1000


def greatest_lease(connection: Connection) -> int:
    """Return the greatest token that the ledger has given; 0 where it never gave one."""
    return max((one.token for one in leases.every(connection).values()), default=0)


def token_above(context: Context, known: Iterable[int], *, is_shared: bool) -> int:
    """Return a token above ``known`` ones and those of the site's directories; 0 where none is needed."""
    seen = max(greatest_token(context.layout), *known)
    return (seen // _STEP + 1) * _STEP if seen or is_shared else 0


def take_in_hand(context: Context, token: int, *, is_shared: bool) -> None:
    """Bring all that is in work to where the next owner looks for it; called again it changes nothing."""
    for route in sorted(one.name for one in look(context.layout.area("working")) if one.kind == "directory"):
        if is_shared:
            SharedLayout(context.site.directory).owned(route, token)
        else:
            let_go(context.layout, route)


@contextlib.contextmanager
def given_back_if_refused(layout: Layout) -> Iterator[None]:
    """Let whoever works with the present ledger find its files in work where it is not replaced after all.

    Raises what the block raises: SiteBusy says that somebody came while the new one was made.
    """
    before = tokens_of(layout)
    try:
        yield
    except SiteBusy:
        for route, token in tokens_of(layout).items():
            if token != before.get(route, token):
                give_back(layout, route, before[route])
        raise


def disown(context: Context, connection: Connection, token: int) -> None:
    """Let the ledger say that nobody works, and that the next tokens are above ``token``."""
    nodes.forget_all(connection)
    if token:
        names = [ALERTS, *(lease_of(route.name) for route in context.site.routes)]
        leases.begin_anew(connection, names, token, nodes.database_time(connection))

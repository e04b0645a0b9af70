"""Examined files become what their route delivers: rewritten by a mapping, and validated once more.

The stage SHALL make the output before anything is decided, so that a file that cannot be mapped fails as
a whole; it SHALL leave the output durable, or say why there is none. It MAY leave a file out whose
mapping or target format is not in order: that file stays CLAIMED and the next pass tries again.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, cast

from gateway.custody.look import open_regular
from gateway.custody.refusals import refusing, shown
from gateway.custody.writes import discard, writing
from gateway.errors import FileChanged, GatewayError, MappingInvalid
from gateway.formats.definition import Format, Status
from gateway.mappings.definition import Bound, End
from gateway.mappings.shelf import parse_end
from gateway.model import Output, Transfer
from gateway.stages.context import Context, Report, Route
from gateway.stages.examine import Examined

if TYPE_CHECKING:
    from gateway.mappings.produce import Produced

#: Where the output of a transfer is written.
Place = Callable[[Transfer], str]


def rewrite(
    context: Context, route: Route, batch: Sequence[Examined], report: Report, place: Place | None = None
) -> list[Examined]:
    """Make the output of each file of ``batch`` that is in order and is not what the route delivers.

    ``place`` says where outputs go; None: beside their files in work.
    """
    if route.deliver_as is None:
        return list(batch)
    target = parse_end(route.deliver_as)
    ready = []
    for one in batch:
        try:
            if _is_mapped(one, target):
                _rewrite(context, one, target, (place or context.working_output)(one.transfer))
        except GatewayError as error:
            report.problem(error, one.transfer)
            if one.keys is not None:
                one.keys.close()
            continue
        ready.append(one)
    return ready


def _is_mapped(one: Examined, target: End) -> bool:
    """Return whether the file goes on, and as another version. One that holds nothing has no version."""
    if one.definition is None or one.findings.errors:
        return False
    return (one.definition.message_type, one.definition.version) != (target.message_type, target.version)


def _rewrite(context: Context, one: Examined, target: End, path: str) -> None:
    from gateway.mappings.produce import produce
    from gateway.validation.reading import ListingLimits

    assert one.definition is not None  # noqa: S101 - `_is_mapped` has asked
    bound = context.mappings.bound(context.catalogue, one.definition, target)
    if bound.target.status is Status.RETIRED:
        raise MappingInvalid(
            f"{bound.target.name} is retired: nothing is written in it any more",
            where=f"routes.{one.transfer.route}.deliver_as",
            hint="Let the route deliver a version that its receivers read",
        )
    limits = ListingLimits(context.site.limits.listed_per_rule, context.site.limits.listed_per_file)
    source = context.path_of(one.transfer)
    digest = one.transfer.sha256 or ""
    try:
        done = produce(
            bound, lambda: _same(source, digest), lambda: writing(path), lambda: _reading(path), limits
        )
    except GatewayError:
        discard(path)  # half an output is of no use, and may be what fills the disk
        raise
    left = dict(done.findings.totals)
    for found in done.findings.listed():
        key = (found.code, found.rule or "", found.record_type or "", found.column or "")
        one.findings.extend([found], left.pop(key, 0))
    if done.is_good:
        one.transfer = one.transfer.evolve(output=_output(one.transfer, bound, done))


@contextlib.contextmanager
def _reading(path: str) -> Iterator[BinaryIO]:
    """Open a file for reading; what goes wrong meanwhile is said of this file."""
    with refusing("read", path), open_regular(path) as stream:
        yield stream


@contextlib.contextmanager
def _same(path: str, sha256: str) -> Iterator[BinaryIO]:
    """Open an examined file for reading; raises FileChanged where its bytes are no longer ``sha256``."""
    from gateway.validation.reading import HashedStream

    with _reading(path) as stream:
        hashed = HashedStream(stream)
        yield cast("BinaryIO", hashed)
        hashed.drain()
    if hashed.sha256 != sha256:
        raise FileChanged("Somebody wrote to the file after it had been examined", where=shown(path))


def _output(transfer: Transfer, bound: Bound, done: Produced) -> Output:
    stem, _dot, last = transfer.name.rpartition(".")
    suffix = bound.mapping.suffix_for(bound.target.kind)
    return Output(
        name=f"{stem or last}.{_in_a_name(bound.target)}{suffix}",
        suffix=suffix,
        size=done.size,
        sha256=done.sha256,
        format=bound.target.name,
        format_digest=bound.target.digest,
        mapping=bound.mapping.key,
        mapping_digest=bound.mapping.digest,
    )


def _in_a_name(definition: Format) -> str:
    return f"{definition.message_type}-{definition.version}"

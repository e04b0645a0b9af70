"""Commands for the life of a format version: new, lock, retire, accept, approve."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.main import Shared
from gateway.cli.output import json_option, number, print_json, say
from gateway.cli.selecting import catalogue_option, wanted

if TYPE_CHECKING:
    from gateway.formats.catalogue import Catalogue
    from gateway.formats.definition import Version
    from gateway.operations.format_desk import Desk
    from gateway.operations.format_life import Item, Locked

_reason = click.option("--reason", help="Why; kept in the lock and in the audit trail. Required.")


@contextlib.contextmanager
def _desk(shared: Shared, given: Path | None) -> Iterator[Desk]:
    """Open the catalogue that --formats or the site names, with the site where it is the site's own.

    Raises a usage error where there is neither: the formats that came with the gateway stay as they are.
    """
    from gateway.config.loading import FILE, load_site
    from gateway.formats.catalogue import Catalogue
    from gateway.operations.format_desk import Desk
    from gateway.operations.opening import acting, open_site
    from gateway.stages.in_force import recall_lock

    directory = shared.directory()
    has_site = (directory / FILE).exists()
    if given is None and not has_site:
        raise click.UsageError("There is no site here; say which catalogue with --formats DIRECTORY")
    if given is None or (has_site and load_site(directory).formats.resolve() == given.resolve()):
        with open_site(directory, actor=shared.actor) as context:
            recall_lock(context)
            yield Desk(context.catalogue, context.actor, context)
    else:
        yield Desk(Catalogue.load(given), acting("operator", shared.actor))


@click.command("new")
@click.argument("which", metavar="TYPE[@VERSION]")
@click.argument("following", metavar="[NEXT]", required=False)
@click.option("--major", "step", flag_value="major", help="The next major version: old files may be refused.")
@click.option("--minor", "step", flag_value="minor", default=True, help="The next minor version. Default.")
@click.option("--patch", "step", flag_value="patch", help="The next patch.")
@catalogue_option
@json_option
@click.pass_obj
def new(
    shared: Shared, which: str, following: str | None, step: str, catalogue: Path | None, as_json: bool
) -> None:
    """Make a draft as a copy of a version, with the next number; without VERSION, of the newest.

    Everything but `version`, `status` and the effective dates is copied byte for byte.
    """
    from gateway.operations.format_life import new_version, next_version

    with _desk(shared, catalogue) as desk:
        source = _version(desk.catalogue, which)
        version = _number(following) if following else next_version(source[1], step)
        directory = new_version(desk, source, version)
        texts = desk.catalogue.look(*source).envelope.version_values
    name = f"{source[0]}@{version}"
    if as_json:
        print_json({"version": name, "directory": str(directory), "copied_from": f"{source[0]}@{source[1]}"})
        return
    say(f"{name} is a draft now: {directory}")
    if texts:
        say(f"Files of it still say {', '.join(map(repr, texts))}, as those of {source[1]} do: change")
        say("`envelope.format_version.values` unless something else tells the two apart.")
    say(f"Next: change it, `gateway formats check {name}`, try it with `gateway validate --format {name}`,")
    say(f'then release it: gateway formats lock {name} --reason "..."')


@click.command("lock")
@click.argument("which", metavar="TYPE@VERSION...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Everything that is called released and is not locked.")
@_reason
@catalogue_option
@json_option
@click.pass_obj
def lock(
    shared: Shared,
    which: tuple[str, ...],
    every: bool,
    reason: str | None,
    catalogue: Path | None,
    as_json: bool,
) -> None:
    """Release versions: their bytes are fixed in `formats.lock`, with who and why.

    A draft gets the status released: that one line of its `format.yaml` is changed. Nothing is locked
    unless `gateway formats check` finds nothing wrong. There is no unlocking: what must change becomes a
    new version. TYPE/mappings/FILE.yaml locks a mapping that is called released.
    """
    from gateway.operations.format_life import lock_mappings, lock_versions, unlocked, unlocked_mappings

    with _desk(shared, catalogue) as desk:
        if bool(which) == every:
            raise click.UsageError("Name the versions to lock, or say --all")
        mappings = [each for each in which if "/" in each]
        items = [_mapping(desk.catalogue, each) for each in mappings]
        named = [_exact(desk.catalogue, each) for each in which if each not in mappings]
        if every:
            named, items = unlocked(desk.catalogue), unlocked_mappings(desk.catalogue)
        done = [*lock_versions(desk, named, reason), *lock_mappings(desk, items, reason)]
    if as_json:
        print_json([_locked_data(one) for one in done])
        return
    for one in done:
        say(_locked(one))
    if every and not done:
        say("Every released version is locked already.")


def _locked(one: Locked) -> str:
    if one.was_locked:
        return f"{one.item} is locked already, with these bytes: nothing was done."
    drafted = " Its status line says released now." if one.was_draft else ""
    return f"{one.item} is locked: {number(one.files, 'file')}, digest {one.digest}.{drafted}"


def _locked_data(one: Locked) -> dict[str, object]:
    return {"item": one.item, "digest": one.digest, "files": one.files, "was_locked": one.was_locked}


@click.command("retire")
@click.argument("which", metavar="TYPE@VERSION")
@_reason
@catalogue_option
@json_option
@click.pass_obj
def retire(shared: Shared, which: str, reason: str | None, catalogue: Path | None, as_json: bool) -> None:
    """Retire a released version: it takes no files any more. Its files stay as they are."""
    from gateway.operations import format_life

    with _desk(shared, catalogue) as desk:
        wanted = _exact(desk.catalogue, which)
        done = format_life.retire(desk, wanted, reason)
    if as_json:
        print_json({"version": f"{wanted[0]}@{wanted[1]}", "was_retired": not done})
    elif done:
        say(f"{wanted[0]} {wanted[1]} is retired: files in this layout fail with F209 from now on.")
    else:
        say(f"{wanted[0]} {wanted[1]} is retired already: nothing was done.")


@click.command("accept")
@_reason
@click.pass_obj
def accept(shared: Shared, reason: str | None) -> None:
    """Work on with a lock that lacks entries the site has worked with: an older copy, or one written anew.

    Until then no version of the catalogue takes files. Compare the two locks first: what was retired may
    take files again. What was released is compared with its bytes as before.
    """
    from gateway.operations.format_desk import accept_lock

    with _desk(shared, None) as desk:
        accepted = accept_lock(desk, reason)
    if accepted:
        say("The lock is accepted as it stands; the audit trail has who and why.")
    else:
        say("The lock has every entry that the site has worked with: nothing was done.")


@click.command("approve")
@click.argument("fingerprint")
@_reason
@catalogue_option
@json_option
@click.pass_obj
def approve(
    shared: Shared, fingerprint: str, reason: str | None, catalogue: Path | None, as_json: bool
) -> None:
    """Approve a change on record, by the FINGERPRINT that `gateway formats diff` shows.

    An approved change no longer counts for `--fail-on`; the same change between other versions does.
    """
    from gateway.operations import format_approval

    with _desk(shared, catalogue) as desk:
        done = format_approval.approve(desk, fingerprint, reason)
    if as_json:
        print_json({"fingerprint": done.fingerprint, "old": done.old, "new": done.new, "kind": done.kind,
                    "path": done.path})  # fmt: skip
        return
    say(f"{done.fingerprint} is approved: {done.kind} at {done.path}, {done.old} to {done.new}.")
    say(f"Old files under the new version: {done.old_under_new}; new under the old: {done.new_under_old}.")


def _version(catalogue: Catalogue, which: str) -> tuple[str, Version]:
    """Return the version that ``which`` names, the newest where it names none; raises FormatUnknown."""
    return wanted(catalogue, which)[-1]


def _exact(catalogue: Catalogue, which: str) -> tuple[str, Version]:
    """Return the version that ``which`` names; a usage error unless it says which one."""
    if "@" not in which:
        raise click.UsageError(f"Say which version of {which}: {which}@1.2.3")
    return _version(catalogue, which)


def _number(text: str) -> Version:
    from gateway.formats.definition import Version

    try:
        return Version.parse(text)
    except ValueError as error:
        raise click.UsageError(f"{error}; write NEXT as 1.2.0") from None


def _mapping(catalogue: Catalogue, which: str) -> Item:
    """Return the mapping that ``which`` (``TYPE/mappings/FILE.yaml``) names; a usage error if none."""
    from gateway.formats.lock import mapping_item
    from gateway.operations.format_life import Item
    from gateway.operations.mapping import demand_releasable

    message_type, _slash, rest = which.partition("/")
    folder, _slash, name = rest.partition("/")
    directory = catalogue.directory / message_type / folder
    safe = message_type in catalogue.message_types() and folder == "mappings" and "/" not in name
    if not safe or not (directory / name).is_file():
        raise click.UsageError(f"{which!r} is no TYPE@VERSION and no mapping TYPE/mappings/FILE.yaml")
    demand_releasable(catalogue, directory / name)
    return Item(mapping_item(message_type, name), directory, (name,))

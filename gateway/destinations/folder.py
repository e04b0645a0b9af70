"""A directory that a receiver reads from: temporary name, sync, rename, optional done marker."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence

from gateway.config.settings import FolderDestination
from gateway.custody import copies, moves, syncs
from gateway.destinations.base import Parcel, Staged
from gateway.errors import (
    CustodyError,
    DestinationError,
    GatewayError,
    NameTaken,
    PredecessorUndelivered,
    PublicationUnfinished,
    TargetOccupied,
)


class Folder:
    """Delivers into one directory of a local or mounted file system."""

    def __init__(self, settings: FolderDestination) -> None:
        """Deliver as ``settings`` say; the directory must exist."""
        self._directory = str(settings.path)
        self._marker = settings.done_marker

    def identity(self) -> str:
        """Return path and inode: an empty mount point, or another directory of the name, is another place."""
        try:
            return f"{self._directory}#{os.stat(self._directory).st_ino}"
        except OSError as error:
            raise self._missing() or DestinationError(where=self._directory, cause=error) from error

    def stage(self, parcels: Sequence[Parcel]) -> list[GatewayError | None]:
        """Write each parcel, and its done marker, under hidden temporary names and sync them."""
        if missing := self._missing():
            return [missing] * len(parcels)
        results = [_attempt(self._write, parcel) for parcel in parcels]
        written = [parcel for parcel, failed in zip(parcels, results, strict=True) if failed is None]
        try:
            syncs.sync_files([path for parcel in written for path in self._temporaries(parcel)])
            syncs.sync_directories([self._directory] if written else [])
        except CustodyError as error:
            # what may not be durable is not staged, whichever file the sync failed for
            failure = DestinationError("Staged files could not be synced", where=self._directory, cause=error)
            return [result or failure for result in results]
        return results

    def publish(self, parcels: Sequence[Parcel]) -> list[GatewayError | None]:
        """Rename each parcel to its target, then its marker, and sync the directory once."""
        results: list[GatewayError | None] = []
        stopped: set[str | None] = set()
        for parcel in parcels:
            if parcel.stream in stopped:
                results.append(PredecessorUndelivered(where=parcel.target))
                continue
            results.append(_attempt(self._rename, parcel))
            if results[-1] is not None and parcel.stream is not None:
                stopped.add(parcel.stream)
        try:
            syncs.sync_directories([self._directory])
        except CustodyError as error:
            failure = PublicationUnfinished(where=self._directory, cause=error)
            return [result or failure for result in results]
        return results

    def _missing(self) -> DestinationError | None:
        if os.path.isdir(self._directory):
            return None
        hint = "Mount it or make it; the deliveries wait and are tried again"
        return DestinationError("The directory is not there", where=self._directory, hint=hint)

    def _write(self, parcel: Parcel) -> None:
        for name in self._names(parcel):
            if os.path.lexists(self._path(name)):
                raise TargetOccupied(
                    where=self._path(name),
                    hint="The delivery is tried again; it goes on when the receiver has taken the file away",
                )
        temporary, *marker = self._temporaries(parcel)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        sha256, size = copies.copy_new(parcel.path, temporary)
        if (sha256, size) != (parcel.sha256, parcel.size):
            os.unlink(temporary)
            raise DestinationError(
                "The copy is not the file that was accepted",
                where=temporary,
                hint="Look for a damaged disk or an altered file in working/; the delivery is tried again",
            )
        for path in marker:
            with open(path, "wb"):
                pass

    def _rename(self, parcel: Parcel) -> None:
        temporary, *marker = self._temporaries(parcel)
        self._give_name(parcel, temporary, self._path(parcel.target))
        for path in marker:
            final = self._path(parcel.target + (self._marker or ""))
            try:
                self._give_marker(parcel, path, final)
            except (GatewayError, OSError) as error:
                raise PublicationUnfinished(where=final, cause=error) from error

    def _give_marker(self, parcel: Parcel, temporary: str, final: str) -> None:
        """Publish the marker; a file published before a crash and still there may never have had one."""
        data = self._path(parcel.target)
        if parcel.staged is not Staged.NOW and not os.path.lexists(temporary) and os.path.lexists(data):
            with contextlib.suppress(FileExistsError), open(final, "xb"):
                pass
            return
        self._give_name(parcel, temporary, final)

    def _give_name(self, parcel: Parcel, temporary: str, final: str) -> None:
        if not os.path.lexists(temporary):
            if parcel.staged is Staged.BEFORE or _is_there(final, parcel):
                return  # published before a crash; the receiver may have taken it already
            raise DestinationError(
                "The staged file was removed before it had its name",
                where=temporary,
                hint="Does somebody clean up hidden files there? The delivery is tried again",
            )
        try:
            moves.rename_new(temporary, final)
        except NameTaken as error:
            raise TargetOccupied(where=final, cause=error.cause) from error

    def _path(self, name: str) -> str:
        return os.path.join(self._directory, name)

    def _names(self, parcel: Parcel) -> list[str]:
        """The final names, data first."""
        return [parcel.target, f"{parcel.target}{self._marker}"] if self._marker else [parcel.target]

    def _temporaries(self, parcel: Parcel) -> list[str]:
        """The hidden names, data first; they are derived from the delivery key alone."""
        base = self._path(f".{parcel.key}.part")
        return [base, f"{base}.marker"] if self._marker else [base]


def _is_there(final: str, parcel: Parcel) -> bool:
    """Return whether the parcel's very bytes stand under their name, put there before a crash."""
    if parcel.staged is Staged.NOW or not os.path.lexists(final):
        return False
    return copies.hash_file(final) == (parcel.sha256, parcel.size)


def _attempt(step: Callable[[Parcel], None], parcel: Parcel) -> GatewayError | None:
    """Run one step for one parcel; its error is a value, so that the neighbours go on."""
    try:
        step(parcel)
    except GatewayError as error:
        return error
    except OSError as error:
        return DestinationError(where=parcel.target, cause=error)
    return None

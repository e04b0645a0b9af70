"""How the ledger and people are told where on a server a directory or file is.

``sftp://SERVER/PATH`` with the server's name in the configuration (neither user nor host: those may
change while the place stays the same). A path relative to the login directory begins with ``/~/``, as
curl writes it: ``sftp://erp/~/out/orders`` is not ``sftp://erp/out/orders``.
"""

from __future__ import annotations

from gateway.errors import ConfigurationError
from gateway.printable import printable

SCHEME = "sftp://"
_HOME = "/~"


def address(server: str, path: str) -> str:
    """Return the address of ``path`` on the server of that name."""
    if not path.startswith("/"):
        return f"{SCHEME}{server}{_HOME}/{path}"
    # an absolute path into a directory called ~ must not read as a relative one
    return f"{SCHEME}{server}{'/' if f'{path}/'.startswith(f'{_HOME}/') else ''}{path}"


def is_remote(location: str) -> bool:
    """Return whether ``location`` is an address, and not a path of this machine."""
    return location.startswith(SCHEME)


def parse(location: str) -> tuple[str, str]:
    """Return server and path of what ``address`` wrote; raises ConfigurationError."""
    server, _, rest = location.removeprefix(SCHEME).partition("/")
    if not is_remote(location) or not server:
        raise ConfigurationError("This is not the address of a file on a server", where=printable(location))
    path = f"/{rest}"
    if f"{path}/".startswith(f"{_HOME}/"):
        return server, path.removeprefix(_HOME).lstrip("/") or "."
    return server, path[1:] if f"{path}/".startswith(f"/{_HOME}/") else path


def directory_path(path: str) -> str:
    """Return ``path`` as one that names can be appended to: without a slash at its end."""
    return path.rstrip("/") or ("/" if path.startswith("/") else ".")


def join(directory: str, name: str) -> str:
    """Return the path of ``name`` in ``directory``."""
    return f"{directory.rstrip('/')}/{name}" if directory != "." else name

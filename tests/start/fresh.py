"""A fresh machine in small: a checkout with a package index of its own, and a Python that lacks what it may.

The checkout has the real start code, a command line of one line, and dependencies of one line each,
so that every way from nothing to a running command is walked for real, without a network.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import http.server
import importlib.metadata
import io
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
#: The interpreter under every environment: it has none of the project's libraries.
BASE = os.path.realpath(sys.executable)
#: The command line of this checkout, in the environment of the tests.
GATEWAY = (sys.executable, "-m", "gateway")

_PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "plant-gateway"
version = "0"
dependencies = [{dependencies}]

[project.optional-dependencies]
test = ["onlytest>=1"]
"""

#: As small as a build backend gets: an editable install of the checkout.
_BACKEND = """\
import pathlib, zipfile

def build_editable(directory, config_settings=None, metadata_directory=None):
    from tomllib import loads
    project = loads(pathlib.Path("pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].items()
    wants = "".join(f"Requires-Dist: {one}\\n" for one in project["dependencies"])
    for extra, ones in extras:
        wants += f"Provides-Extra: {extra}\\n"
        wants += "".join(f'Requires-Dist: {one}; extra == "{extra}"\\n' for one in ones)
    head = "Metadata-Version: 2.1\\nName: plant-gateway\\nVersion: 0\\n"
    info, name = "plant_gateway-0.dist-info", "plant_gateway-0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(directory, name), "w") as wheel:
        wheel.writestr("plant_gateway.pth", str(pathlib.Path.cwd()))
        wheel.writestr(f"{info}/METADATA", head + wants)
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""

_COMMAND = """\
import sys

def main():
    import dependency
    print("ran", sys.argv[1:], dependency.WORD, sys.prefix)
    sys.exit(len(sys.argv[1:]))
"""

#: Makes a module unknown to the machine's own Python, as on a Debian without its package.
_BLOCK = """\
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name in {names!r} and sys.prefix == sys.base_prefix:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Missing())
"""


@dataclass(frozen=True)
class Machine:
    """A checkout, a home directory, and the environment variables of one person."""

    checkout: Path
    home: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def start(self, *words: str, module: str = "gateway", **variables: str) -> subprocess.Popen[str]:
        """Start ``python -m module words`` in the checkout."""
        return subprocess.Popen(
            [BASE, "-m", module, *words],
            cwd=self.checkout, env={**self.variables, **variables}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *words: str, module: str = "gateway", **variables: str) -> subprocess.CompletedProcess[str]:
        """Run ``python -m module words`` in the checkout to its end."""
        process = self.start(*words, module=module, **variables)
        out, err = process.communicate()
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def depend_on(self, *requirements: str) -> None:
        """Let the project depend on ``requirements``."""
        listed = ", ".join(f'"{one}"' for one in requirements)
        (self.checkout / "pyproject.toml").write_text(_PYPROJECT.format(dependencies=listed))

    def without(self, *modules: str) -> dict[str, str]:
        """Return the variables of a Python that lacks ``modules``."""
        place = self.home / f"without-{'-'.join(modules)}"
        place.mkdir(exist_ok=True)
        (place / "sitecustomize.py").write_text(_BLOCK.format(names=set(modules)))
        return {"PYTHONPATH": str(place)}


def machine(directory: Path, index: str) -> Machine:
    """Make a fresh checkout below ``directory``, with ``index`` as its package index."""
    checkout, home = directory / "checkout", directory / "home"
    package = checkout / "gateway"
    home.mkdir()
    (package / "cli").mkdir(parents=True)
    for name in ("__init__.py", "__main__.py", "model.py"):
        shutil.copy(REPOSITORY / "gateway" / name, package / name)
    for name in ("_bootstrap", "errors"):
        shutil.copytree(REPOSITORY / "gateway" / name, package / name)
    (package / "cli" / "__init__.py").touch()
    (package / "cli" / "main.py").write_text(_COMMAND)
    (checkout / "backend.py").write_text(_BACKEND)
    variables = {
        "PATH": os.defpath, "HOME": str(home), "PIP_INDEX_URL": index, "PIP_CONFIG_FILE": os.devnull,
        "PIP_RETRIES": "0", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    fresh = Machine(checkout, home, variables)
    fresh.depend_on("dependency>=1")
    return fresh


class Pages(http.server.SimpleHTTPRequestHandler):
    """A file server that says nothing, and answers in JSON where there is such a page."""

    def do_GET(self) -> None:
        """Answer with the directory's index.json, if it has one."""
        if self.path.endswith("/") and os.path.exists(self.translate_path(self.path + "index.json")):
            self.path += "index.json"
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Say nothing."""


@contextlib.contextmanager
def served(directory: Path) -> Iterator[str]:
    """Serve ``directory`` on this machine and yield its address."""
    handler = functools.partial(Pages, directory=str(directory))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def publish(index: Path, name: str, wheel: str, content: bytes) -> None:
    """Put ``wheel`` of the project ``name`` onto the package index below ``index``."""
    place = index / name
    place.mkdir(parents=True, exist_ok=True)
    (place / wheel).write_bytes(content)
    links = [
        f'<a href="{each.name}#sha256={hashlib.sha256(each.read_bytes()).hexdigest()}">{each.name}</a>'
        for each in sorted(place.glob("*.whl"))
    ]
    (place / "index.html").write_text("<!DOCTYPE html>\n" + "<br>\n".join(links))


def library(name: str, version: str) -> tuple[str, bytes]:
    """Return name and bytes of the wheel of a library of one line."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"WORD = '{name} {version}'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": "",
    }
    return f"{name}-{version}-py3-none-any.whl", _zipped({n: text.encode() for n, text in files.items()})


def pip_wheel() -> tuple[str, bytes] | None:
    """Return name and bytes of a wheel of pip, made of the installed one; None where there is none."""
    try:
        found = importlib.metadata.distribution("pip")
    except importlib.metadata.PackageNotFoundError:
        return None
    parts = [
        part
        for part in found.files or ()
        if part.parts[0].startswith("pip") and "__pycache__" not in part.parts
    ]
    files = {str(part): Path(str(part.locate())).read_bytes() for part in parts if part.name != "RECORD"}
    info = next(name.partition("/")[0] for name in files if ".dist-info/" in name)
    digests = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip('=')},{len(data)}"
        for name, data in files.items()
    ]
    files[f"{info}/RECORD"] = "\n".join([*digests, f"{info}/RECORD,,", ""]).encode()
    return f"pip-{found.version}-py3-none-any.whl", _zipped(files)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()

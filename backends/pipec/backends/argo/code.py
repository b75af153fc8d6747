"""The immutable ConfigMap that carries the code root: content-named, since a run snapshots its template, not its maps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.argo.model import CodeMap
from pipec.backends.argo.names import digest
from pipec.backends.argo.text import is_live
from pipec.compiler.code_root import user_files
from pipec.compiler.digest import sha256
from pipec.compiler.ir.model import CodeFile
from pipec.compiler.ir.walk import calls
from pipec.compiler.lazy import pattern
from pipec.compiler.packed_runtime import packed_runtime

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipec.compiler.ir.model import Pipeline

LIMIT = 900 * 1024
"""Bytes of data: below Kubernetes' 1 MiB for a ConfigMap and the request around it."""

_RUNTIME = "pipec.runtime"
_LAUNCHER = '''\
"""Unpacks pipec's step runtime, which lies beside this file, and hands over to it."""

import atexit
import base64
import bz2
import json
import os
import runpy
import shutil
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
unpacked = tempfile.mkdtemp(prefix="pipec-runtime-")
atexit.register(shutil.rmtree, unpacked, ignore_errors=True)
with open(os.path.join(here, "pipec.runtime")) as packed:
    files = json.loads(bz2.decompress(base64.b64decode(packed.read())).decode())
for name, text in files:
    path = os.path.join(unpacked, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)
runpy.run_path(os.path.join(unpacked, "__main__.py"), {"CODE_ROOT": here}, "__main__")
'''

_FOREIGN = pattern(r"[^A-Za-z0-9_.-]")
_LONGEST_KEY = 253


def code_files(pipeline: Pipeline) -> tuple[CodeFile, ...]:
    """What travels: the user's modules as they are, the runtime packed, and what starts a step.

    Raises:
        ReservedName: when a module of the user is called `pipec`, `zenml` or `__main__`.
    """
    own = CodeFile("__main__.py", _LAUNCHER), CodeFile(_RUNTIME, packed_runtime("argo"))
    return (*user_files(pipeline), *own)


def variable_key(name: str, text: str) -> str:
    """The key under which the value of an environment variable stands."""
    return f"env.{_FOREIGN.sub('-', name)[:200]}.{digest(text)}"


def live_values(pipeline: Pipeline) -> dict[str, str]:
    """The values of environment variables that hold `{{`, by key: Argo does not substitute into a ConfigMap."""
    return {
        variable_key(name, text): text
        for call in calls(pipeline.body)
        for name, text in call.config.environment.items()
        if isinstance(text, str) and is_live(text)
    }


def key_of(path: str) -> str:
    """A legal, flat key for a path: `steps/train.py` is `steps.train.py`."""
    key = path.replace("/", ".")
    return key if not _FOREIGN.search(key) and len(key) <= _LONGEST_KEY else f"file-{digest(path, 16)}"


def code_map(pipeline: str, files: Sequence[CodeFile], values: Mapping[str, str]) -> CodeMap | None:
    """The map of all files and values, None where there are none; two paths that would share a key get keys of their own."""
    if not files and not values:
        return None
    data: dict[str, str] = {}
    paths: dict[str, str] = {}
    for file in files:
        key = key_of(file.path)
        if key in data:
            key = f"file-{digest(file.path, 16)}"
        data[key] = file.text
        paths[key] = file.path
    return CodeMap(map_name(pipeline, files, values), {**data, **values}, paths)


def map_name(pipeline: str, files: Sequence[CodeFile], values: Mapping[str, str]) -> str:
    """The name, from all that the map holds: another content is another map."""
    state = sha256()
    for name, text in [*((file.path, file.text) for file in files), *sorted(values.items())]:
        for part in (name, text):
            raw = part.encode("utf-8", "surrogatepass")
            state.update(len(raw).to_bytes(8, "big") + raw)
    return f"{pipeline}-code-{state.hexdigest()[:12]}"


def size(data: Mapping[str, str]) -> int:
    """Bytes of keys and values."""
    return sum(len(key.encode()) + len(text.encode("utf-8", "replace")) for key, text in data.items())

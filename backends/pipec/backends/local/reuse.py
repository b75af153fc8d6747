"""The cache, asked before a process is started: a hit costs no import of the user's code.

What the key is made of, and what a hit gives back, is the runtime's business (`pipec.runtime.caching`); here it is asked in
this process wherever nothing of the user's is needed for the answer. The step itself keeps its result for later.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.backends.local.graph import Stored
from pipec.backends.local.recipes import is_plain
from pipec.compiler.record import dataclass
from pipec.runtime import caching, invocation
from pipec.runtime.artifacts import Workspace
from pipec.runtime.context import LiveStep
from pipec.runtime.errors import RuntimeFault
from pipec.runtime.expressions import Composer
from pipec.runtime.inputs import Inputs
from pipec.runtime.lookups import Lookups
from pipec.runtime.report import Report

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from pipec.runtime.store import Store


@dataclass(frozen=True, slots=True)
class Answer:
    """What the cache says of a step.

    Attributes:
        outputs: of a hit; None for a miss.
        why: what has changed since the step last ran, for a miss.
        key: the cache key; None where only the step's own process can tell it.
    """

    outputs: Mapping[str, Stored] | None
    why: Sequence[str] = ()
    key: str | None = None


class Reuse:
    """The cache of a store, for the steps of one project.

    Args:
        store: the store.
        roots: the folders that the user's modules are imported from.
    """

    def __init__(self, store: Store, roots: Sequence[Path]) -> None:
        self.store, self.roots = store, roots
        self._versions: dict[str, str] = {}

    def ask(self, document: Mapping[str, Any], environment: Mapping[str, str], log: Path | None) -> Answer:
        """Whether there is a result for a document, with that environment over that of this process.

        Args:
            document: the invocation, with a `cache` in its `spec`.
            environment: of the step.
            log: where a hit says that it is one; None if nothing is to be written, as for a dry run.
        """
        about = invocation.read(document)
        cache = about.spec.cache
        assert cache is not None
        if cache.function is not None or cache.sources:
            return Answer(None, ["its policy asks the program's own code, which only a run does"])
        workspace = Workspace()
        lookups = Lookups(about, workspace)
        inputs = Inputs(about, workspace, lookups)
        with _environment(environment):
            try:
                composer = Composer(about, inputs.slot, None, lookups)
                parts = self._parts(about, composer)
                entry, why = caching.find(self.store, about, parts)
            except (RuntimeFault, OSError, ValueError) as problem:
                return Answer(None, [str(problem)])
        key = caching.key_of(parts)
        if entry is None:
            return Answer(None, why, key)
        if log is not None:
            if not all(is_plain(each["metadata"]) for each in entry["recorded"]):
                return Answer(None, ["its metadata is for its own process to read"], None)
            live = LiveStep(about, inputs.slot, lookups, workspace)
            with _said(log):
                Report(about, live).cached(key, parts, entry, why)
        return Answer(self._outputs(entry), (), key)

    def _parts(self, about: invocation.Invocation, composer: Composer) -> dict[str, str]:
        parts = caching.parts_of(about, composer)
        cache = about.spec.cache
        assert cache is not None
        root = self._root_of(about.spec.function.partition(":")[0])
        for name in cache.files:
            parts[f"file {name}"] = _digest(root / name)
        return parts

    def _root_of(self, module: str) -> Path:
        top = module.partition(".")[0]
        for root in self.roots:
            if (root / top).is_dir() or (root / f"{top}.py").is_file():
                return root
        return self.roots[0]

    def _outputs(self, entry: Mapping[str, Any]) -> dict[str, Stored]:
        found = {name: Stored(json=text) for name, text in entry["parameters"].items()}
        for name, about in entry["outputs"].items():
            if name not in found:
                facts = (about["digest"], about["type"], about["materializer"], about["size"])
                found[name] = Stored(None, self.store.absolute(about["place"]), *facts)
        return found


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Generator[None]:
    """The variables of a step, while its look-ups are made here; nothing else runs in this process."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _said(log: Path) -> Generator[None]:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a", encoding="utf-8") as file, contextlib.redirect_stderr(file):
        yield


def _digest(path: Path) -> str:
    try:
        return f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    except OSError:
        return "missing"

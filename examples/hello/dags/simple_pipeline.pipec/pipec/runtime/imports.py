"""`import zenml` inside a step: the names of ZenML's authoring API, answered by `pipec.sdk`.

Which name is answered by what is data: `pipec.sdk._zenml_names`. A ZenML that happens to be installed is not used.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import os
import sys
import types
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from pipec.sdk import _zenml_names as names

if TYPE_CHECKING:
    from importlib.abc import Loader

ROOT = "zenml"


def install() -> None:
    """Answer imports of `zenml` in this process from now on."""
    if not any(isinstance(finder, _Finder) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Finder())


def _modules() -> set[str]:
    """Every module that is answered, parents included."""
    known = {ROOT}
    for path in (*names.MODULES, *names.SUBMODULES):
        parts = path.split(".")
        known.update(".".join(parts[: end + 1]) for end in range(len(parts)))
    return known


class _Finder:
    """Finds and makes the modules below `zenml`; the base classes for it would bring thirty modules."""

    def __init__(self) -> None:
        self.known = _modules()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != ROOT and not fullname.startswith(f"{ROOT}."):
            return None
        if fullname not in self.known:
            parent, _, name = fullname.rpartition(".")
            raise ModuleNotFoundError(names.missing(parent, name), name=fullname)
        return importlib.machinery.ModuleSpec(fullname, cast("Loader", self), origin="pipec.sdk", is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        own = names.SUBMODULES.get(spec.name)
        return _Stand(spec.name) if own is None else _stand_for(spec.name, importlib.import_module(own))

    def exec_module(self, module: types.ModuleType) -> None:
        """Nothing to execute: names are looked up when they are used."""


def _stand_for(name: str, module: types.ModuleType) -> types.ModuleType:
    # The import system writes its own facts into a module: it gets a copy, not the module of `pipec.sdk`.
    stand = types.ModuleType(name)
    stand.__dict__.update({key: value for key, value in vars(module).items() if not key.startswith("__")})
    return stand


class _Stand(types.ModuleType):
    """A module of ZenML: its names are those of `pipec.sdk`, loaded when used."""

    @property
    def __all__(self) -> list[str]:
        return [entry.partition("=")[0] for entry in names.MODULES.get(self.__name__, "").split()]

    def __getattr__(self, name: str) -> Any:
        ours = names.answer(self.__name__, name)
        if ours is not None:
            value = getattr(importlib.import_module("pipec.sdk"), ours)
            setattr(self, name, value)
            return value
        path = f"{self.__name__}.{name}"
        if path in _modules():
            return importlib.import_module(path)
        if name.startswith("__"):
            raise AttributeError(name)
        # Not AttributeError: `from zenml import x` would put its own words in place of these.
        raise ImportError(names.missing(self.__name__, name), name=name)


_PATH = tuple(sys.path)
"""Where modules were looked for when the runtime was imported: not yet in the user's code."""
_LIBRARY = os.path.dirname(os.path.realpath(os.__file__)) + os.sep


def own(name: str) -> Any:
    """A module of the runtime that few steps need, imported when one does.

    By then the user's code comes first on the path, possibly with modules that are called like some of the standard
    library: each finds its own.
    """
    if name in sys.modules:
        return sys.modules[name]
    path, before = sys.path[:], {*sys.modules}
    users = [entry for entry in path if entry not in _PATH]
    aside = {each: sys.modules.pop(each) for each in before if _is_shadow(each)}
    sys.path[:] = _PATH
    try:
        return importlib.import_module(name)
    finally:
        sys.path[:] = path
        for each in {*sys.modules} - before:
            if each.partition(".")[0] in sys.stdlib_module_names and _is_in(users, each.partition(".")[0]):
                del sys.modules[each]
        sys.modules.update(aside)


def _is_in(folders: Sequence[str], module: str) -> bool:
    places = [os.path.join(folder, module) for folder in folders]
    return any(os.path.isfile(f"{place}.py") or os.path.isdir(place) for place in places)


def _is_shadow(name: str) -> bool:
    """Whether a module that was imported has a name of the standard library and is the user's."""
    if name.partition(".")[0] not in sys.stdlib_module_names:
        return False
    file = getattr(sys.modules[name], "__file__", None)
    return file is not None and not os.path.realpath(file).startswith(_LIBRARY)


def stand(name: str) -> types.ModuleType:
    """A module below `zenml`, for the file that stands for it in a code root."""
    install()
    sys.modules.pop(name, None)
    return importlib.import_module(name)

"""Values of a run as recipes and slots of an invocation document, and as Python values where those are plain data."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, cast

from pipec.backends.local.graph import Element, Indexed, Stored, inner_values
from pipec.compiler.ir.model import ForEach
from pipec.compiler.ir.values import Const, DictOf, Expr, Item, Lazy, ListOf, Output, Param, RunFact
from pipec.runtime import artifacts, codec, places
from pipec.runtime.errors import RuntimeFault
from pipec.runtime.expressions import Composer
from pipec.runtime.invocation import Invocation, Spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.backends.local.graph import Scope
    from pipec.compiler.ir.values import Json, Value

Recipe = dict[str, Any]


class Slots:
    """The slots of one invocation: each leaf once.

    Args:
        parameters: the run's parameters, canonical JSON text by name.
        taken: names that belong to arguments.
    """

    def __init__(self, parameters: Mapping[str, str], taken: Mapping[str, object]) -> None:
        self.parameters, self.taken = parameters, taken
        self.content: dict[str, dict[str, str]] = {}
        self._names: dict[object, str] = {}

    def add(self, stored: Stored, name: str) -> str:
        """The slot of what is stored, under `name` or one like it."""
        if stored in self._names:
            return self._names[stored]
        free, number = name, 0
        while free in self.content or free in self.taken:
            free, number = f"{name}_{number}", number + 1
        self._names[stored] = free
        self.content[free] = slot(stored)
        return free

    def recipe(self, value: Value, scope: Scope, prefix: str) -> Recipe:
        """The recipe of a value whose parts are all there."""
        match value:
            case Const(value=constant):
                return {"const": constant}
            case Param() | Output() | Item():
                return self._leaf(value, scope, prefix)
            case ListOf(items=items, is_tuple=is_tuple):
                parts = [self.recipe(item, scope, f"{prefix}_{i}") for i, item in enumerate(items)]
                return {"tuple" if is_tuple else "list": parts}
            case DictOf(entries=entries):
                return {
                    "dict": [[key, self.recipe(item, scope, f"{prefix}_{i}")] for i, (key, item) in enumerate(entries)]
                }
            case Expr(op=op, operands=parts):
                return {"expr": [op, *(self.recipe(item, scope, f"{prefix}_{i}") for i, item in enumerate(parts))]}
            case Lazy(kind=kind, query=query):
                return {"lazy": [kind, dict(query)]}
            case RunFact(kind=kind, place=place):
                return {"fact": [kind, place]}

    def _leaf(self, value: Param | Output | Item, scope: Scope, prefix: str) -> Recipe:
        stored = leaf(value, scope, self.parameters)
        if stored is not None:
            return {"slot": self.add(stored, prefix)}
        match value:
            case Output(operation=id_, name=name):
                node = scope.find(id_)
                inside = inner_values(node, name)
                if isinstance(node.operation, ForEach):
                    return {
                        "list": [self.recipe(each, where, f"{prefix}_{i}") for i, (each, where) in enumerate(inside)]
                    }
                return self.recipe(*inside[0], prefix)
            case Item(operation=loop, path=path):
                base = self._item(scope.iteration(loop), prefix)
                return {"item": [base, list(path)]} if path else base
            case Param():
                raise AssertionError("a parameter is a leaf")

    def _item(self, iteration: Scope, prefix: str) -> Recipe:
        match iteration.item:
            case Element(value=value, scope=scope):
                return self.recipe(value, scope, prefix)
            case Indexed(items=Stored() as items, index=index):
                return {"item": [{"slot": self.add(items, f"{prefix}_items")}, [index]]}
            case Indexed(items=Element(value=value, scope=scope), index=index):
                return {"item": [self.recipe(value, scope, f"{prefix}_items"), [index]]}
            case text:
                return {"slot": self.add(Stored(json=cast("str", text)), prefix)}


def slot(stored: Stored) -> dict[str, str]:
    """What is stored, as a slot of the document."""
    if stored.json is not None:
        return {"json": stored.json}
    assert stored.place is not None
    return {"artifact": stored.place, **({} if stored.digest is None else {"digest": stored.digest})}


def leaf(value: Value, scope: Scope, parameters: Mapping[str, str]) -> Stored | None:
    """What a value is if it is stored as a whole, by itself; None for what must be put together."""
    while True:
        match value:
            case Param(name=name):
                return Stored(json=parameters[name])
            case Output(operation=id_, name=name):
                node = scope.find(id_)
                if not node.is_open:
                    return node.outputs[name]
                if isinstance(node.operation, ForEach):
                    return None
                value, scope = inner_values(node, name)[0]
            case Item(operation=loop, path=()):
                item = scope.iteration(loop).item
                if isinstance(item, str):
                    return Stored(json=item)
                if not isinstance(item, Element):
                    return None
                value, scope = item.value, item.scope
            case _:
                return None


class NotPlain(Exception):
    """The value is, or is made of, more than plain data: only a process of the step's own may look at it."""


_UNSAFE = frozenset({"enum", "object", "state", "symbol"})


def is_plain(json: Json) -> bool:
    """Whether canonical JSON decodes to builtins alone, without importing anything."""
    if isinstance(json, list):
        return all(map(is_plain, json))
    if not isinstance(json, dict):
        return True
    tagged = json.get(codec.TAG)
    if isinstance(tagged, list) and tagged and (tagged[0] in _UNSAFE or not _is_known(tagged[0])):
        return False
    return all(map(is_plain, json.values()))


def _is_known(kind: Any) -> bool:
    return kind in codec._SIMPLE or kind in codec._NESTED


def plain_json(stored: Stored) -> Json:
    """What is stored, as canonical JSON.

    Raises:
        NotPlain: it is no JSON, or decoding it would import code.
        RuntimeFault: it is gone or corrupt.
    """
    if stored.json is not None:
        json = codec.parse(stored.json)
    else:
        assert stored.place is not None
        if stored.materializer != "json" or places.is_url(stored.place):
            raise NotPlain
        folder, manifest = artifacts.fetch(stored.place, artifacts.Workspace(), stored.digest)
        if set(manifest.files) != {"data.json"}:
            raise NotPlain
        json = codec.parse((folder / "data.json").read_text(encoding="utf-8"))
    if not is_plain(json):
        raise NotPlain
    return json


class Evaluator:
    """Computes values in this process, of plain data alone.

    Args:
        run: the run's identity.
        start_time: its start.
        parameters: canonical JSON text by name.
    """

    def __init__(self, run: str, start_time: dt.datetime, parameters: Mapping[str, str]) -> None:
        self.parameters = parameters
        self.invocation = Invocation("", "", run, 1, Spec(""), {}, {}, start_time=start_time)

    def evaluate(self, value: Value, scope: Scope) -> Any:
        """The Python value.

        Raises:
            NotPlain: it cannot be told here.
            Exception: what Python raises for the expression.
        """
        if _has_lookup(value):
            raise NotPlain
        slots = Slots(self.parameters, {})
        recipe = slots.recipe(value, scope, "value")
        if _has_lookup(recipe) or not _are_constants_plain(recipe):
            raise NotPlain
        loaded = {name: self._load(content) for name, content in slots.content.items()}
        return Composer(self.invocation, loaded.__getitem__).evaluate(recipe)

    def _load(self, content: Mapping[str, str]) -> Any:
        if "json" in content:
            return codec.decode(plain_json(Stored(json=content["json"])))
        stored = Stored(place=content["artifact"], digest=content.get("digest"), materializer="json")
        try:
            return codec.decode(plain_json(stored))
        except (OSError, ValueError, RuntimeFault) as problem:
            raise NotPlain from problem  # the child says what is wrong with it


def _has_lookup(value: object) -> bool:
    if isinstance(value, Lazy):
        return True
    if isinstance(value, dict):
        return "lazy" in value or any(map(_has_lookup, value.values()))
    if isinstance(value, list):
        return any(map(_has_lookup, value))
    return False


def _are_constants_plain(recipe: object) -> bool:
    if isinstance(recipe, dict):
        if set(recipe) == {"const"}:
            return is_plain(recipe["const"])
        return all(map(_are_constants_plain, recipe.values()))
    if isinstance(recipe, list):
        return all(map(_are_constants_plain, recipe))
    return True

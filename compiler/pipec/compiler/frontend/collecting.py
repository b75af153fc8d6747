"""What a loop of the run lets out: elements appended to lists, entries set in dicts, in the order of the items."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend.operations import symbolic
from pipec.compiler.frontend.transport import to_ir
from pipec.compiler.frontend.values import Fault, RunTimeKey, Spread, StepResult, Symbolic
from pipec.compiler.ir import types
from pipec.compiler.ir.types import Type
from pipec.compiler.ir.values import Item, Output

if TYPE_CHECKING:
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.ir.values import Value
    from pipec.compiler.source import Span


class Collector:
    """The results of one loop.

    Args:
        has_operations: whether the body calls a step; without, there is no loop that could collect.
    """

    def __init__(
        self, interpreter: Interpreter, identifier: str, items: Symbolic, span: Span, has_operations: bool
    ) -> None:
        self.interpreter, self.identifier, self.items, self.span = interpreter, identifier, items, span
        self.has_operations = has_operations
        self.results: dict[str, Value] = {}

    def collect(self, name: str, before: Any, after: Any, is_poisoned: bool) -> Any:
        """What is in a container behind the loop, given what was in it and what one iteration leaves in it.

        `is_poisoned` says that the iteration began with one carried element in place of `before`.

        Raises:
            Fault: the iteration does something else than to add.
        """
        kept = 1 if is_poisoned else len(before)
        if isinstance(before, dict):
            return self._entries(name, before, after, kept, is_poisoned)
        if len(after) < kept or (not is_poisoned and any(a is not b for a, b in zip(before, after, strict=False))):
            raise Fault(self._changed(name, "appending"))
        added = after[kept:]
        if any(isinstance(one, Spread) and not isinstance(one.value, Symbolic) for one in added):
            raise Fault(carried(name, self.span))
        if not added:
            return before
        if all(isinstance(one, StepResult) and not one.outputs for one in added):
            return [*before, StepResult(self.identifier, added[0].step, (), ())]
        if len(added) == 1 and not isinstance(added[0], Spread):
            return [*before, Spread(self._result(name, to_ir(added[0], self.span)))]
        per_item = self._result(name, to_ir(list(added), self.span))
        return [*before, Spread(self._flat(per_item))]

    def _flat(self, lists: Symbolic) -> Symbolic:
        kind = lists.value.type.arguments[0]
        return symbolic("sum", [lists, []], kind, self.span)

    def _entries(self, name: str, before: Any, after: Any, kept: int, is_poisoned: bool) -> Any:
        keys = list(after)
        if len(keys) < kept or (
            not is_poisoned and any(a is not b or before[a] is not after[b] for a, b in zip(before, keys, strict=False))
        ):
            raise Fault(self._changed(name, "setting new keys"))
        added = {key: after[key] for key in keys[kept:]}
        if not added:
            return before
        key = next(iter(added))
        if len(added) == 1 and not isinstance(key, Spread):
            inner = key.value.value if isinstance(key, RunTimeKey) else to_ir(key, self.span)
            values = self._result(name, to_ir(added[key], self.span))
            kind = Type("dict", (inner.type, values.value.type.arguments[0]))
            names = self._result(f"{name}_keys", inner)
            pairs = symbolic("zip", [names, values], Type("list"), self.span)
            spread = Spread(symbolic("dict", [pairs], kind, self.span))
        else:
            whole = Symbolic(to_ir(added, self.span))
            pairs = symbolic(
                "list", [symbolic("method", [whole, "items"], types.ANY, self.span)], Type("list"), self.span
            )
            flat = self._flat(self._result(name, pairs.value))
            spread = Spread(symbolic("dict", [flat], whole.value.type, self.span))
        return {**before, spread: spread.value}

    def _result(self, name: str, value: Value) -> Symbolic:
        """The list of what `value` is for each item."""
        kind = Type("list", (value.type,))
        if isinstance(value, Item) and value.operation == self.identifier and not value.path:
            is_list = self.items.value.type.name == "list"
            return self.items if is_list else symbolic("list", [self.items], kind, self.span)
        if not self.has_operations:
            raise Fault(_computes(self.span))
        free, count = name or "output", 1
        while free in self.results:
            count += 1
            free = f"{name}_{count}"
        self.results[free] = value
        return Symbolic(Output(self.identifier, free, kind))

    def _changed(self, name: str, allowed: str) -> Diagnostic:
        return Diagnostic(
            "PC0324",
            f"this loop changes `{name}` in another way than by {allowed}",
            self.span,
            notes=("its items are known only to a run, which may take them in any order and at the same time",),
            help="collect in a list, loop inside a step, or fix the list for this compilation with `--bind NAME=VALUE`",
        )


def carried(name: str, span: Span) -> Diagnostic:
    """The fault of reading, in a loop of the run, what an earlier iteration has left."""
    return Diagnostic(
        "PC0324",
        f"an iteration takes `{name}` from the one before",
        span,
        notes=("the items are known only to a run, which may take them in any order and at the same time",),
        help="loop inside a step, or fix the list for this compilation with `--bind NAME=VALUE`",
    )


def last_item(name: str, span: Span) -> Diagnostic:
    """The fault of reading, behind a loop of the run, what its last iteration has left."""
    return Diagnostic(
        "PC0324",
        f"`{name}` is what the last iteration of a loop has left, and only a run knows which that is",
        span,
        help=f"append it to a list in the loop, or bind `{name}` to something else first",
    )


def _computes(span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0326",
        "this loop computes something for each item of a list that only a run knows, and calls no step",
        span,
        help="compute the list inside a step, or fix it for this compilation with `--bind NAME=VALUE`",
    )

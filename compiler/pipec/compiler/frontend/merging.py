"""After the arms of a run-time condition: one state of the names and containers, made from what each arm left.

What is the same after every arm stays. What differs becomes a result of the `If`, one value per arm; where no arm
calls a step, an expression. Lists and dicts are merged element by element as far as their shapes agree.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from pipec.compiler.diagnostics import Diagnostic, Label
from pipec.compiler.frontend.journal import content, put, reachable
from pipec.compiler.frontend.operations import as_symbolic, symbolic
from pipec.compiler.frontend.sameness import identical, is_fixed, is_same, nothing, parameters_of, same_key
from pipec.compiler.frontend.transport import to_ir
from pipec.compiler.frontend.values import (
    MISSING,
    Fault,
    Freeze,
    InstanceValue,
    RunTimeKey,
    Spread,
    StepResult,
    Symbolic,
    Unbound,
    Unknown,
    is_known,
)
from pipec.compiler.ir import types
from pipec.compiler.ir.values import Const, Output
from pipec.compiler.ir.walk import leaves

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.journal import Delta
    from pipec.compiler.frontend.jumps import Flag
    from pipec.compiler.ir.types import Type
    from pipec.compiler.ir.values import Value
    from pipec.compiler.source import Span


class Merge:
    """The merge of the arms of one condition.

    Args:
        conditions: one per arm; None for `else`, which is the last.
        deltas: what each arm changed; already undone.
        ends: the arms that do not raise. What another leaves is never read.
        live: those of them that go on behind the condition.
        inner: the ids of the operations of the arms; without any, results are expressions.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        identifier: str,
        conditions: Sequence[Symbolic | None],
        deltas: Sequence[Delta],
        ends: Sequence[int],
        live: Sequence[int],
        inner: set[str],
        span: Span,
    ) -> None:
        self.interpreter, self.identifier, self.span = interpreter, identifier, span
        self.conditions, self.deltas, self.inner = conditions, deltas, inner
        self.all, self.live = list(ends), list(live)
        self.results: dict[str, tuple[Value, ...]] = {}
        self._outputs: dict[tuple[Value, ...], Symbolic] = {}
        self._merged: dict[tuple[int, ...], Any] = {}
        self._sources: list[Any] = []
        self._old: set[int] = set()

    def run(self) -> None:
        """Merges the names and containers that the arms changed, in place."""
        # What an arm leaves that returns from a helper is read on; what leaves the pipeline is not.
        outer = self.all if len(self.interpreter.calls) > 1 else self.live
        own = id(self.interpreter.calls[-1].names)
        self.around = outer
        touched = {key: change.container for index in outer for key, change in self.deltas[index].items()}
        if not touched:
            return
        self.find_old([self._view(index, one) for one in touched.values() for index in outer])
        frames = {id(frame.names) for frame in self.interpreter.frames()}
        others = [key for key in touched if key not in frames]
        known = reachable(self.interpreter, others) if others else {}
        for index in outer:
            for key, change in self.deltas[index].items():
                if key not in frames and key not in known:
                    put(change.container, change.after)  # made in the arm: it was undone only as far as it was noted
        for key, container in touched.items():
            self.around = self.live if key == own else outer
            if self.around and (key in frames or (key in known and known[key][1])):
                self._names(container)
        self.around = outer
        for key, container in touched.items():
            if key in known and not known[key][1]:
                self._container(container, known[key][0])

    def _view(self, index: int, container: Any) -> Any:
        """What is in the container after arm `index`."""
        change = self.deltas[index].get(id(container))
        return container if change is None else change.after

    def _names(self, names: dict[str, Any]) -> None:
        views = [self._view(index, names) for index in self.around]
        merged: dict[str, Any] = {}
        for name in dict.fromkeys(name for view in views for name in view):
            value = self.value(name, [view.get(name, MISSING) for view in views], is_name=True)
            if value is not MISSING:
                merged[name] = value
        self.interpreter.journal.write(names, merged)

    def _container(self, container: Any, name: str) -> None:
        views = [self._view(index, container) for index in self.around]
        if isinstance(container, list):
            merged: Any = self._elements(name, views)
        elif isinstance(container, dict):
            merged = self._entries(name, views)
        elif all(is_known(view) and view == views[0] for view in views):
            merged = content(views[0])
        else:
            raise self._undecided(name, f"a `{type(container).__name__}`, which no run can carry")
        self.interpreter.journal.write(container, merged)

    def value(self, name: str, values: Sequence[Any], is_name: bool = False) -> Any:
        """One value for what the live arms left, in their order; `name` names the result.

        Raises:
            Fault, Freeze: the values differ, and no run can carry them; a name becomes `Unbound` instead.
        """
        try:
            return self._value(name, values)
        except (Fault, Freeze) as refused:
            if not is_name:
                raise
            parameters = refused.parameters if isinstance(refused, Freeze) else ()
            diagnostic = self._differs(name) if isinstance(refused, Freeze) else refused.diagnostic
            return Unbound(diagnostic, parameters)

    def _value(self, name: str, values: Sequence[Any]) -> Any:  # noqa: C901 - a flat dispatch
        first = values[0]
        if any(one is MISSING for one in values):
            return first if all(one is MISSING for one in values) else Unbound(self._maybe_unbound(name))
        if unknown := next((one for one in values if isinstance(one, Unknown)), None):
            # Another object unless all arms hold the same: who looks whether it changed, a loop, must see that it may have.
            if isinstance(unknown, Unbound) and any(one is not unknown for one in values):
                return Unbound(unknown.diagnostic, unknown.parameters)
            return unknown
        if all(one is first for one in values[1:]) and (len(values) > 1 or not self.inner):
            return first
        if all(is_same(one, first) for one in values[1:]) and not self._is_inner(first):
            return first
        if any(isinstance(one, StepResult) for one in values) and all(
            one is None or (isinstance(one, StepResult) and not one.outputs) for one in values
        ):
            step = next(one for one in values if one is not None)
            return StepResult(self.identifier, step.step, (), ())
        if all(isinstance(one, StepResult) for one in values) and len({len(one.outputs) for one in values}) == 1:
            parts = [self.value(part, [one.outputs[i] for one in values]) for i, part in enumerate(first.names)]
            return StepResult(self.identifier, first.step, tuple(parts), first.names)
        plain = [list(one.outputs) if isinstance(one, StepResult) else one for one in values]
        if all(isinstance(one, list) for one in plain) and all(isinstance(one, list) for one in values):
            return self._once(
                name, values, lambda: self._elements(name, [self._seen(i, one) for i, one in self._live(values)])
            )
        if all(isinstance(one, tuple | StepResult) for one in values):
            rows = [one.outputs if isinstance(one, StepResult) else one for one in values]
            if len({len(row) for row in rows}) == 1 and not any(
                isinstance(part, Spread) for row in rows for part in row
            ):
                return tuple(self.value(f"{name}_{i}", column) for i, column in enumerate(zip(*rows, strict=True)))
        if all(isinstance(one, dict) for one in values):
            return self._once(
                name, values, lambda: self._entries(name, [self._seen(i, one) for i, one in self._live(values)])
            )
        if all(isinstance(one, InstanceValue) and one.cls.node is first.cls.node for one in values):
            return self._once(name, values, lambda: self._object(name, values))
        return self._carried(name, values)

    def _live(self, values: Sequence[Any]) -> list[tuple[int, Any]]:
        return list(zip(self.around, values, strict=True))

    def _seen(self, index: int, container: Any) -> Any:
        return self._view(index, container)

    def _once(self, name: str, values: Sequence[Any], merge: Callable[[], Any]) -> Any:
        """The merge of these containers, one and the same object wherever they are met together again."""
        key = tuple(map(id, values))
        if key not in self._merged:
            self._merged[key] = merged = merge()
            self._sources.append(values)  # so that no identity is used again
            if any(id(one) in self._old for one in values):
                shared = [one.fields if isinstance(one, InstanceValue) else one for one in (*values, merged)]
                self.interpreter.journal.share(shared, self._is_shared(name))
        return self._merged[key]

    def find_old(self, holders: Sequence[Any]) -> None:
        """Finds which of the containers in `holders` are held by a name or a container from before the arms."""
        candidates: set[int] = set()
        for holder in holders:
            parts = holder.values() if isinstance(holder, dict) else holder if isinstance(holder, list | set) else ()
            candidates.update(id(one) for one in (holder, *parts) if isinstance(one, list | dict | InstanceValue))
        self._old |= set(reachable(self.interpreter, candidates)) if candidates else set()

    def _object(self, name: str, values: Sequence[Any]) -> Any:
        fields = [self._view(index, one.fields) for index, one in self._live(values)]
        keys = dict.fromkeys(key for one in fields for key in one)
        return InstanceValue(
            values[0].cls,
            {key: self.value(f"{name}_{key}", [one.get(key, MISSING) for one in fields], True) for key in keys},
        )

    def _elements(self, name: str, views: Sequence[list[Any]]) -> list[Any]:
        """The elements of a list: one by one where all have as many, else what all begin with and one run-time rest."""
        if len({len(view) for view in views}) == 1 and all(is_fixed(column) for column in zip(*views, strict=True)):
            columns = zip(*views, strict=True)
            return [
                column[0]
                if isinstance(column[0], Spread) and not self._is_inner(column[0])
                else self._spread(name, [[one] for one in column])
                if isinstance(column[0], Spread)
                else self.value(name if len(views[0]) == 1 else f"{name}_{i}", column)
                for i, column in enumerate(columns)
            ]
        shared = identical(views)
        for column in zip(*(islice(view, shared, None) for view in views), strict=False):
            if self._is_inner(column[0]) or not all(is_same(one, column[0]) for one in column[1:]):
                break
            shared += 1
        return [*views[0][:shared], self._spread(name, [view[shared:] for view in views])]

    def _spread(self, name: str, rests: Sequence[Any]) -> Spread:
        return Spread(self._carried(name, rests))

    def _entries(self, name: str, views: Sequence[dict[Any, Any]]) -> dict[Any, Any]:
        """The entries of a dict, value by value for the keys that all begin with, then one run-time rest."""
        shared: list[Any] = []
        for column in zip(*views, strict=False):
            if not all(same_key(one, column[0]) for one in column[1:]):
                break
            if isinstance(column[0], Spread | RunTimeKey) and self._is_inner(column[0]):
                break
            shared.append(column[0])
        merged = {
            key: self.value(f"{name}_{key}" if isinstance(key, str) else name, [view[key] for view in views])
            for key in shared
        }
        rests = [{key: one for key, one in view.items() if key not in merged} for view in views]
        if any(rests):
            spread = self._spread(name, rests)
            merged[spread] = spread.value
        return merged

    def _carried(self, name: str, values: Sequence[Any]) -> Symbolic:
        """The values as one of the run: a result of the `If`, or an expression where no arm has a step."""
        try:
            parts = [to_ir(self._snapshot(index, one), self.span) for index, one in self._live(values)]
        except Fault as fault:
            if fault.diagnostic.code != "PC0313":
                raise
            raise self._undecided(name, "which cannot travel to a step") from fault
        telling = [part.type for part in parts if not (isinstance(part, Const) and part.value in ([], {}))]
        kind = types.union_of(telling or [part.type for part in parts])
        if not self.inner:
            return self._expression(values, kind)
        key = tuple(parts) if all(isinstance(part, Output) for part in parts) else ()
        if key and key in self._outputs:
            return self._outputs[key]
        rows: list[Value] = []
        given = dict(zip(self.around, parts, strict=True))
        for index in range(len(self.conditions)):
            rows.append(given.get(index) or nothing(kind))
        free = name = name or "output"
        count = 1
        while free in self.results:
            count += 1
            free = f"{name}_{count}"
        self.results[free] = tuple(rows)
        merged = Symbolic(Output(self.identifier, free, kind))
        if key:
            self._outputs[key] = merged
        return merged

    def _expression(self, values: Sequence[Any], kind: Type) -> Symbolic:
        pairs = [(self.conditions[index], self._snapshot(index, one)) for index, one in self._live(values)]
        result: Any = pairs[-1][1]
        for condition, one in reversed(pairs[:-1]):
            assert condition is not None
            result = symbolic("if", [condition, one, result], kind, self.span)
        return as_symbolic(result, self.span)

    def _snapshot(self, index: int, value: Any) -> Any:
        """`value` as it is after arm `index`, its containers copied."""
        match value:
            case StepResult(outputs=()):
                return None  # what such a step returns
            case list():
                return [self._snapshot(index, one) for one in self._view(index, value)]
            case tuple():
                return tuple(self._snapshot(index, one) for one in value)
            case dict():
                return {key: self._snapshot(index, one) for key, one in self._view(index, value).items()}
            case _:
                return value

    def flag(self, values: Sequence[Flag]) -> Flag:
        """Whether something holds after all arms; said by the conditions themselves where these tell it."""
        if all(one is values[0] for one in values):
            return values[0]
        conditions = [self.conditions[index] for index in self.around]
        if any(map(self._is_inner, values)):
            return cast("Flag", self.value("jumped", values))
        result: Flag = values[-1]
        for condition, one in zip(reversed(conditions[:-1]), reversed(values[:-1]), strict=True):
            assert condition is not None
            result = self._chosen(condition, one, result)
        return result

    def _chosen(self, condition: Symbolic, then: Flag, otherwise: Flag) -> Flag:
        """`then if condition else otherwise`, of which only the truth matters."""
        if then is otherwise:
            return then
        if then is True and otherwise is False:
            return condition
        if then is False:
            stays = symbolic("not", [condition], types.BOOL, self.span)
            return stays if otherwise is True else symbolic("and", [stays, otherwise], types.BOOL, self.span)
        if otherwise is False:
            return symbolic("and", [condition, then], types.BOOL, self.span)
        return symbolic("if", [condition, then, otherwise], types.BOOL, self.span)

    def _is_inner(self, value: Any) -> bool:
        """Whether `value` is made of what an operation of the arms gives."""
        if not self.inner:
            return False
        match value:
            case Symbolic(value=inner):
                return any(isinstance(leaf, Output) and leaf.operation in self.inner for leaf in leaves(inner))
            case Spread(value=inner) | RunTimeKey(value=inner):
                return self._is_inner(inner)
            case StepResult(operation=operation):
                return operation in self.inner
            case list() | tuple():
                return any(map(self._is_inner, value))
            case dict():
                return any(self._is_inner(one) for pair in value.items() for one in pair)
            case InstanceValue(fields=fields):
                return any(map(self._is_inner, fields.values()))
            case _:
                return False

    def _maybe_unbound(self, name: str) -> Diagnostic:
        return Diagnostic(
            "PC0322",
            f"`{name}` may be unbound",
            self.span,
            related=(Label(self.span, "one arm of this `if` binds it, another does not"),),
            help=f"bind `{name}` before the `if`, or in every arm",
        )

    def _is_shared(self, name: str) -> Diagnostic:
        return Diagnostic(
            "PC0331",
            f"`{name}` is one thing or another after this `if`, and one of them is changed in place later",
            self.span,
            notes=("which of the two the change is made to, only a run knows",),
            help=f"make `{name}` a copy in each arm: `[*values]`, `{{**entries}}`",
        )

    def _differs(self, name: str) -> Diagnostic:
        return Diagnostic(
            "PC0323",
            f"`{name}` is not the same after each arm of this `if`, and no run can carry what it is",
            self.span,
            help="use it within the arms, or decide inside a step",
        )

    def _undecided(self, name: str, what: str) -> BaseException:
        """That the arms differ in something that cannot travel: the parameters behind it must be fixed, or it is a fault."""
        parameters = parameters_of(self.conditions)
        if parameters:
            which = "which of two things is used" if name == "output" else f"which `{name}` is used"
            return Freeze(parameters, self.span, f"{which}, {what}")
        return Fault(self._differs(name))

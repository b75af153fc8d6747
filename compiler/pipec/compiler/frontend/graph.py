"""Builds the operations of a pipeline while its body is evaluated: ids, blocks, and what a group lets out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic, Label
from pipec.compiler.frontend.values import Fault, InstanceValue, MapResult, RunTimeKey, Spread, StepResult, Symbolic
from pipec.compiler.ir.model import Block, Call, ForEach, Group, If, Operation
from pipec.compiler.ir.values import Output
from pipec.compiler.ir.walk import calls, edges, leaves
from pipec.compiler.record import dataclass, field, replace

if TYPE_CHECKING:
    from pipec.compiler.ir.values import Value
    from pipec.compiler.source import Span


CHECK = "pipec.runtime.checks:check"
"""The step that fails the run where the program raises."""


@dataclass(slots=True)
class _Scope:
    """A block that is being made. `checks` are the operations in which a check may fail: what is made later waits for them."""

    operations: list[Operation] = field(default_factory=list)
    checks: set[str] = field(default_factory=set)


class GraphBuilder:
    """The operations made so far. Ids are unique in the whole pipeline, groups included, as in ZenML."""

    def __init__(self) -> None:
        self._scopes = [_Scope()]
        self._places: dict[str, Span] = {}
        self._counts: dict[str, int] = {}
        self.order: list[str] = []

    @property
    def size(self) -> int:
        """How many operations there are."""
        return len(self.order)

    def reserve(self, base: str, span: Span, given: str | None = None) -> str:
        """A new id: `given`, or `base`, `base_2`, `base_3`, … in the order of calls.

        Raises:
            Fault: `given` is taken.
        """
        if given is not None:
            if given in self._places:
                raise Fault(self._duplicate(given, span))
            name = given
        else:
            name = base
            while name in self._places:
                self._counts[base] = self._counts.get(base, 1) + 1
                name = f"{base}_{self._counts[base]}"
        self._places[name] = span
        self.order.append(name)
        return name

    def mark(self) -> tuple[int, dict[str, int]]:
        """The state of the ids, to `rollback` to."""
        return len(self.order), dict(self._counts)

    def rollback(self, mark: tuple[int, dict[str, int]]) -> None:
        """Forgets every id that was reserved since `mark`; the operations are in blocks that nobody keeps."""
        length, self._counts = mark
        for identifier in self.order[length:]:
            del self._places[identifier]
        del self.order[length:]

    def add(self, operation: Operation) -> None:
        """Appends `operation`, whose id is reserved, to the current block."""
        self._scopes[-1].operations.append(operation)
        if operation.step == CHECK if isinstance(operation, Call) else _has_check(operation):
            self._scopes[-1].checks.add(operation.id)

    def update(self, identifier: str, **changes: Any) -> None:
        """Replaces fields of an operation that was already added (`step.after(other)`)."""
        for scope in reversed(self._scopes):
            for index, operation in enumerate(scope.operations):
                if operation.id == identifier:
                    scope.operations[index] = replace(operation, **changes)
                    return

    def find(self, identifier: str) -> Operation | None:
        """The operation of that id in an open block."""
        for scope in reversed(self._scopes):
            for operation in scope.operations:
                if operation.id == identifier:
                    return operation
        return None

    def open(self) -> None:
        """Begins a block within the current one."""
        self._scopes.append(_Scope())

    def close(self) -> Block:
        """Ends the innermost block and returns it."""
        return _behind_checks(self._scopes.pop())

    def body(self) -> Block:
        """The outermost block."""
        return _behind_checks(self._scopes[0])

    def is_known(self, identifier: str) -> bool:
        """Whether an operation of that id exists."""
        return identifier in self._places

    def place(self, identifier: str) -> Span:
        """Where the operation of that id was made."""
        return self._places[identifier]

    def _duplicate(self, name: str, span: Span) -> Diagnostic:
        first = self._places[name]
        return Diagnostic(
            "PC0305",
            f"the id `{name}` is taken",
            span,
            related=(Label(first, "taken here"),),
            help="give one of the two calls another `id=`",
        )


def _has_check(operation: Operation) -> bool:
    return any(call.step == CHECK for call in calls(Block((operation,))))


def _behind_checks(scope: _Scope) -> Block:
    """The block, in which each operation waits for the check before it, unless it does so already through another."""
    block = Block(tuple(scope.operations))
    if not scope.checks:
        return block
    needs = edges(block)
    passed: dict[str, set[str]] = {}
    changed: list[Operation] = []
    last: str | None = None
    for operation in block.operations:
        # To read a result of an `if` is not to wait for all that its arms check.
        waits = {one for need in needs[operation.id] for one in passed.get(need, ())}
        waits |= scope.checks.intersection(operation.after)
        if last is not None and last not in waits:
            operation = replace(operation, after=(*operation.after, last))  # noqa: PLW2901
            waits |= {last, *passed[last]}
        passed[operation.id] = waits
        changed.append(operation)
        if operation.id in scope.checks:
            last = operation.id
    return Block(tuple(changed))


def ids_in(block: Block) -> set[str]:
    """The ids of all operations of `block`, nested ones included."""
    found: set[str] = set()
    pending = list(block.operations)
    while pending:
        operation = pending.pop()
        found.add(operation.id)
        match operation:
            case Call():
                pass
            case If(arms=arms):
                pending.extend(inner for arm in arms for inner in arm.body.operations)
            case ForEach(body=body) | Group(body=body):
                pending.extend(body.operations)
    return found


class Exports:
    """The results that leave a group: each value that is made of inner operations once, under a name of its own."""

    def __init__(self, group: str, inner: set[str]) -> None:
        self._group = group
        self._inner = inner
        self.results: dict[str, Value] = {}

    def export(self, value: Any) -> Any:
        """`value` as it is seen outside: what is made of outputs of inner operations becomes a result of the group."""
        match value:
            case Symbolic(value=inner) if self._is_inner(inner):
                return Symbolic(Output(self._group, self._name(inner), inner.type))
            case StepResult(outputs=outputs) if value.operation in self._inner:
                return replace(value, operation=self._group, outputs=tuple(map(self.export, outputs)))
            case Spread(value=inner):
                return Spread(self.export(inner))
            case RunTimeKey(value=inner):
                return RunTimeKey(self.export(inner))
            case MapResult():
                exported = [self.export(part) for part in value]
                return MapResult(exported, tuple([self.export(part) for part in column] for column in value.columns))
            case list():
                return [self.export(part) for part in value]
            case tuple():
                return tuple(self.export(part) for part in value)
            case dict():
                return {self.export(key): self.export(part) for key, part in value.items()}
            case InstanceValue(cls=cls, fields=fields):
                return InstanceValue(cls, {name: self.export(part) for name, part in fields.items()})
            case _:
                return value

    def _is_inner(self, value: Value) -> bool:
        return any(isinstance(leaf, Output) and leaf.operation in self._inner for leaf in leaves(value))

    def _name(self, value: Value) -> str:
        for name, known in self.results.items():
            if known == value:
                return name
        name = value.name if isinstance(value, Output) else "output"
        if isinstance(value, Output) and (name in self.results or name == "output"):
            name = value.operation if value.name == "output" else f"{value.operation}_{value.name}"
        while name in self.results:
            name += "_"
        self.results[name] = value
        return name

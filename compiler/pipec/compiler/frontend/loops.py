"""Loops over what only a run knows: the body is evaluated once, for an item that stands for all.

The body may append to lists and set entries of dicts around it: these become results of the loop, collected in the order
of the items. Whatever else it changes would be handed from one iteration to the next, which a loop of the graph does not
do. To find that out, the body is evaluated twice: first to see what it changes, then with all that *carried*: a value that
may not be read. What the first evaluation made is forgotten.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, cast

from pipec.compiler.diagnostics import Diagnostic, has_errors
from pipec.compiler.frontend.branches import check_depth
from pipec.compiler.frontend.collecting import Collector, carried, last_item
from pipec.compiler.frontend.control import element_type
from pipec.compiler.frontend.journal import put, reachable
from pipec.compiler.frontend.jumps import Maybe, Signal, as_maybe
from pipec.compiler.frontend.values import Fault, Frame, Raised, Spread, Symbolic, Unbound, Unknown
from pipec.compiler.ir.model import Block, ForEach
from pipec.compiler.ir.values import Item, Output
from pipec.compiler.ir.walk import leaves
from pipec.compiler.record import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipec.compiler.frontend.graph import GraphBuilder
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.journal import Delta
    from pipec.compiler.ir.types import Type
    from pipec.compiler.source import Span


@dataclass(slots=True)
class Changed:
    """What a body changes of what lies around it.

    Attributes:
        names: for each frame the names dict, and which of them the body binds anew.
        containers: lists and dicts that the body adds to, with the name that each is reached through.
        carried: what stands for a name that the body binds anew, while it is evaluated again.
    """

    names: list[tuple[dict[str, Any], list[str]]] = field(default_factory=list[tuple[dict[str, Any], list[str]]])
    containers: list[tuple[Any, str]] = field(default_factory=list[tuple[Any, str]])
    carried: list[Unbound] = field(default_factory=list[Unbound])


class LoopMixin:
    """Evaluates loops of the run; part of `Interpreter`."""

    def each(
        self,
        items: Symbolic,
        variable: str,
        span: Span,
        body: Callable[[Symbolic], Signal],
        after: tuple[str, ...] = (),
        max_parallelism: int | None = None,
    ) -> None:
        """Evaluates `body` for the item of a loop over `items`, adds the `ForEach`, and leaves what it collects.

        Raises:
            Fault: the body jumps out of the loop, or changes what cannot be collected.
        """
        this = cast("Interpreter", self)
        graph = cast("GraphBuilder", this.graph)
        check_depth(this, span)
        mark, said, drawn = graph.mark(), len(this.diagnostics), this.draws_made()
        identifier = graph.reserve(f"for_{variable}" if variable else "for", span)
        size = graph.size
        item = Symbolic(Item(identifier, _item_type(items)))
        is_first, loops = not this.discovering, this.loops
        this.loops += 1
        this.discovering = True
        try:
            block, delta = self._run_once(item, body, Changed(), span)
        finally:
            this.discovering = not is_first
        changed = self._changed(delta, span)
        if is_first and (
            this.loops > loops + 1
            or changed.containers
            or any(set(names) & set(bound) for names, bound in changed.names)
        ):
            graph.rollback(mark)
            this.forget_draws(drawn)
            del this.diagnostics[said:]
            identifier = graph.reserve(f"for_{variable}" if variable else "for", span)
            block, delta = self._run_once(item, body, changed, span)
        failed = len(this.diagnostics) > said and has_errors(this.diagnostics[said:])  # it may have kept a call away
        collector = Collector(this, identifier, items, span, failed or graph.size > size)
        # What the body has made itself is not undone: it may lie in what is collected.
        outside = {id(frame.names) for frame in this.frames()} | {id(container) for container, _ in changed.containers}
        for key, change in delta.items():
            if key not in outside:
                put(change.container, change.after)
        for names, bound in changed.names:
            self._leave(names, bound, delta, changed.carried, span)
        for container, name in changed.containers:
            made = delta.get(id(container))
            if made is not None:
                start = _poisoned(container, made.after)
                this.journal.write(container, collector.collect(name, made.before, made.after, start))
        if graph.size > size:
            graph.add(
                ForEach(
                    identifier, items.value, block, collector.results, span, after, max_parallelism, variable or "item"
                )
            )
        else:
            graph.rollback(mark)

    def _run_once(
        self, item: Symbolic, body: Callable[[Symbolic], Signal], poisoned: Changed, span: Span
    ) -> tuple[Block, Delta]:
        this = cast("Interpreter", self)
        graph = cast("GraphBuilder", this.graph)
        graph.open()
        this.journal.open()
        this.conditions.append((item,))
        this.loop_depth += 1
        try:
            for names, bound in poisoned.names:
                this.journal.touch(names)
                marks = {name: Unbound(carried(name, span)) for name in bound if name in names}
                names.update(marks)
                poisoned.carried.extend(marks.values())
            for container, name in poisoned.containers:
                unknown = Unknown(carried(name, span))
                spread = Spread(unknown)
                this.journal.write(container, {spread: unknown} if isinstance(container, dict) else [spread])
            signal = body(item)
        except Raised:
            signal = None
        finally:
            this.loop_depth -= 1
            this.conditions.pop()
            block, delta = graph.close(), this.journal.close()
        maybe = as_maybe(signal)
        _refuse_jump(maybe, span if maybe.node is None else this.span(maybe.node, this.calls[-1]))
        return block, delta

    def _changed(self, delta: Delta, span: Span) -> Changed:
        """What of the changes outlives the body.

        Raises:
            Fault: something that cannot be collected.
        """
        this = cast("Interpreter", self)
        frames = {id(frame.names) for frame in this.frames()}
        others = [key for key in delta if key not in frames]
        known = reachable(this, others) if others else {}
        found = Changed()
        for key, change in delta.items():
            if key in frames:
                bound = [name for name, value in change.after.items() if value is not change.before.get(name, change)]
                found.names.append((change.container, bound))
            elif key in known:
                name, is_object = known[key]
                if is_object or not isinstance(change.container, list | dict):
                    kind = "an attribute" if is_object else f"a `{type(change.container).__name__}`"
                    raise Fault(_not_collected(f"this loop changes {kind} of `{name}`", span))
                found.containers.append((change.container, name))
        return found

    def _leave(self, names: dict[str, Any], bound: list[str], delta: Delta, marks: list[Unbound], span: Span) -> None:
        """Behind the loop, a name that its body binds may not be read."""
        this = cast("Interpreter", self)
        change = delta.get(id(names))
        if change is None:
            return
        this.journal.touch(names)
        for name in bound:
            if not any(change.after.get(name) is mark for mark in marks):
                names[name] = Unbound(last_item(name, span))

    def loop_statement(self, node: ast.For, items: Symbolic, frame: Frame) -> Signal:
        """A `for` statement over run-time items."""
        this = cast("Interpreter", self)

        def body(item: Symbolic) -> Signal:
            this.assign(node.target, item, frame)
            return this.execute(node.body, frame)

        self.each(items, variable_of(node.target), this.span(node.iter, frame), body)
        return this.execute(node.orelse, frame)


def _item_type(items: Symbolic) -> Type:
    """The type of an item. Only what a run is given comes as the value of an enum's member, one of its `choices`."""
    kind = element_type(items.value.type)
    return _without_choices(kind) if any(isinstance(leaf, Output) for leaf in leaves(items.value)) else kind


def _without_choices(kind: Type) -> Type:
    arguments = tuple(map(_without_choices, kind.arguments))
    return replace(kind, arguments=arguments, choices=kind.choices if kind.name == "literal" else ())


def variable_of(target: ast.expr) -> str:
    """What a loop is called after: its variable, the last one of a tuple; empty for anything else."""
    if isinstance(target, ast.Tuple | ast.List) and target.elts:
        return variable_of(target.elts[-1])
    return target.id if isinstance(target, ast.Name) else ""


def _poisoned(container: Any, after: Any) -> bool:
    first = next(iter(after), None)
    return isinstance(first, Spread) and isinstance(first.value, Unknown)


def _refuse_jump(maybe: Maybe, span: Span) -> None:
    if maybe.returned is False and maybe.broke is False:
        return
    word = "break" if maybe.returned is False else "return"
    message = f"`{word}` leaves a loop whose items only a run knows"
    help_ = "loop inside a step, or fix the list for this compilation with `--bind NAME=VALUE`"
    notes = ("its iterations may run at the same time, so that none can end the others",)
    raise Fault(Diagnostic("PC0325", message, span, notes=notes, help=help_))


def _not_collected(message: str, span: Span) -> Diagnostic:
    return Diagnostic(
        "PC0324",
        message,
        span,
        notes=(
            "from a loop whose items only a run knows, what is appended to a list or set by key in a dict gets out",
        ),
        help="collect in a list, loop inside a step, or fix the list for this compilation with `--bind NAME=VALUE`",
    )

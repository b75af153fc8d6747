"""Comprehensions: evaluated item by item, or as loops and conditions of the run where only a run knows the items."""

from __future__ import annotations

import ast
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from pipec.compiler.frontend import operations
from pipec.compiler.frontend.branches import Path, name_of_condition
from pipec.compiler.frontend.loops import variable_of
from pipec.compiler.frontend.values import Frame, Symbolic, find_unknown, is_open
from pipec.compiler.ir.types import Type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pipec.compiler.frontend.interpreter import Interpreter


class ComprehensionMixin:
    """Evaluates comprehensions; part of `Interpreter`."""

    def _eval_ListComp(self, node: ast.ListComp, frame: Frame) -> Any:
        this = cast("Interpreter", self)
        result: list[Any] = []

        def add(inner: Frame) -> None:
            value = this.evaluate(node.elt, inner)
            this.journal.touch(result)
            result.append(value)

        self._comprehend(node.generators, frame, add, _called(node.elt), result)
        return result

    def _eval_GeneratorExp(self, node: ast.GeneratorExp, frame: Frame) -> Any:
        return self._eval_ListComp(cast("ast.ListComp", node), frame)

    def _eval_SetComp(self, node: ast.SetComp, frame: Frame) -> Any:
        items = self._eval_ListComp(cast("ast.ListComp", node), frame)
        span = cast("Interpreter", self).span(node, frame)
        if is_open(items):
            return operations.symbolic("set", [items], Type("set"), span)
        return find_unknown(items) or operations.guarded(lambda: set(items), span)

    def _eval_DictComp(self, node: ast.DictComp, frame: Frame) -> Any:
        this = cast("Interpreter", self)
        result: dict[Any, Any] = {}
        span = this.span(node.key, frame)

        def add(inner: Frame) -> None:
            key, value = this.evaluate(node.key, inner), this.evaluate(node.value, inner)
            this.journal.touch(result)
            this.set_entry(result, key, value, span)

        self._comprehend(node.generators, frame, add, _called(node.value), result)
        return result

    def _comprehend(
        self,
        generators: Sequence[ast.comprehension],
        frame: Frame,
        add: Callable[[Frame], None],
        name: str,
        result: Any,
    ) -> None:
        """Runs `add` for each item; `name` is what a loop of the run calls what it collects into `result`."""
        this = cast("Interpreter", self)
        inner = Frame(frame.module, {}, frame, frame.qualified_name, depth=frame.depth, is_comprehension=True)

        def level(index: int) -> None:
            if index == len(generators):
                add(inner)
                return
            generator = generators[index]
            source = this.evaluate(generator.iter, inner if index else frame)
            span = this.span(generator.iter, frame)

            def item_of(item: Any) -> None:
                this.burn(generator.iter, frame)
                this.assign(generator.target, item, inner)
                tested(generator.ifs, index)

            items = this.run_time_items(source, span) if this.graph is not None else None
            if items is not None:
                this.each(items, variable_of(generator.target), span, item_of)
                return
            for item in this.iterate(source, span, "a comprehension"):
                item_of(item)

        def tested(tests: list[ast.expr], index: int) -> None:
            for at, test in enumerate(tests):
                value = this.condition(test, inner)
                span = this.span(test, frame)
                if isinstance(value, Symbolic) and this.graph is not None:
                    paths = [Path(value, partial(tested, tests[at + 1 :], index)), Path(None, lambda: None)]
                    this.branch(paths, name_of_condition("if", test), span)
                    return
                if not this.truth(value, span, "if"):
                    return
            level(index + 1)

        this.stack.append(inner)
        this.temporaries.append((name, result))
        try:
            level(0)
        finally:
            this.stack.pop()
            this.temporaries.pop()


def _called(node: ast.expr) -> str:
    """The name of what an expression calls: what a loop's results are called after."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name
        case ast.Name(id=name):
            return name
        case _:
            return "output"

"""Rewrites what ZenML removed as what replaced it, where that is mechanical; comments and layout stay.

Before:  from zenml.steps import Output, step
         @step()
         def split(x: int) -> Output(train=int, test=int): ...
After:   from typing import Annotated
         from zenml import step
         @step
         def split(x: int) -> tuple[Annotated[int, "train"], Annotated[int, "test"]]: ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import libcst as cst
from libcst import MetadataDependent
from libcst import matchers as m
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_MOVED = {
    "zenml.steps": {"step": "zenml"},
    "zenml.steps.step_decorator": {"step": "zenml"},
    "zenml.pipelines": {"pipeline": "zenml"},
    "zenml.pipelines.pipeline_decorator": {"pipeline": "zenml"},
}
"""Names that have another home now, by the module that they are imported from."""

_GONE = frozenset({"Output", "BaseParameters", "BaseStepConfig"})
_PARAMETERS = frozenset({"BaseParameters", "BaseStepConfig"})
_HOMES = frozenset({*_MOVED, "zenml.steps.base_parameters"})


@dataclass(frozen=True, slots=True)
class Migration:
    """What became of one file.

    Attributes:
        text: the new text; the old one where nothing was rewritten.
        left: what a person has to rewrite, with its line, in order.
    """

    text: str
    left: tuple[tuple[int, str], ...] = ()


def parameter_classes(texts: Sequence[str]) -> frozenset[str]:
    """The classes in some files that derive from `BaseParameters`: steps of other files take their objects.

    Raises:
        cst.ParserSyntaxError: a text is not Python.
    """
    found: set[str] = set()
    for text in texts:
        for node in cst.parse_module(text).body:
            if isinstance(node, cst.ClassDef) and _derives(node):
                found.add(node.name.value)
    return frozenset(found)


def migrate(text: str, classes: Collection[str] = ()) -> Migration:
    """`text` with what is mechanical rewritten.

    Args:
        text: a Python module.
        classes: classes that derive from `BaseParameters`, also those of other files.

    Raises:
        cst.ParserSyntaxError: it is not Python.
    """
    wrapper = MetadataWrapper(cst.parse_module(text))
    facts = _Facts(set(classes))
    wrapper.visit(_Gather(facts))
    rewriter = _Rewrite(facts)
    module = wrapper.visit(rewriter)
    if rewriter.needed:
        module = _with_imports(module, rewriter.needed)
    return Migration(module.code, tuple(sorted(facts.left)))


@dataclass(slots=True)
class _Facts:
    """What a file says of its names."""

    classes: set[str]
    pipelines: set[str] = field(default_factory=set)
    old_names: dict[str, str] = field(default_factory=dict)
    left: list[tuple[int, str]] = field(default_factory=list)


def _line(visitor: MetadataDependent, node: cst.CSTNode) -> int:
    return cast("CodeRange", visitor.get_metadata(PositionProvider, node)).start.line


class _Gather(cst.CSTVisitor):
    """Finds the names that a rewriting needs to know, and what cannot be rewritten."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, facts: _Facts) -> None:
        super().__init__()
        self.facts = facts

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        module = _module_of(node)
        if isinstance(node.names, cst.ImportStar):
            return
        for alias in node.names:
            name = alias.name.value if isinstance(alias.name, cst.Name) else ""
            bound = _bound(alias)
            if module in _HOMES and name in _GONE:
                self.facts.old_names[bound] = name
            if "pipeline" in name and not module.startswith("zenml"):
                self.facts.pipelines.add(bound)

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        if _derives(node):
            self.facts.classes.add(node.name.value)

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        if not any(_decorates(one, "pipeline") for one in node.decorators):
            return
        self.facts.pipelines.add(node.name.value)
        parameters = {one.name.value for one in node.params.params}
        called = {
            call.func.value
            for call in m.findall(node.body, m.Call(func=m.Name()))
            if isinstance(call, cst.Call) and isinstance(call.func, cst.Name)
        }
        if parameters & called:
            names = ", ".join(f"`{one}`" for one in sorted(parameters & called))
            line = _line(self, node.name)
            message = (
                f"`{node.name.value}` takes its steps as arguments ({names}): call them by their own names in its body"
            )
            self.facts.left.append((line, message))


class _Rewrite(cst.CSTTransformer):
    """Rewrites one module."""

    METADATA_DEPENDENCIES = (PositionProvider,)

    def __init__(self, facts: _Facts) -> None:
        super().__init__()
        self.facts = facts
        self.needed: set[tuple[str, str]] = set()

    def leave_Decorator(self, original_node: cst.Decorator, updated_node: cst.Decorator) -> cst.Decorator:
        """`@step()` is `@step`."""
        called = updated_node.decorator
        if (
            isinstance(called, cst.Call)
            and not called.args
            and (_decorates(updated_node, "step") or _decorates(updated_node, "pipeline"))
        ):
            return updated_node.with_changes(decorator=called.func)
        return updated_node

    def leave_ImportFrom(self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom) -> cst.ImportFrom:
        """Names go to where they live now; the line stays, with its comments, for one of these places."""
        module = _module_of(updated_node)
        if module not in _HOMES or isinstance(updated_node.names, cst.ImportStar):
            return updated_node
        kept: list[cst.ImportAlias] = []
        moved: dict[str, str] = {}
        for alias in updated_node.names:
            name = alias.name.value if isinstance(alias.name, cst.Name) else ""
            home, new = _new_home(module, name)
            if home and alias.asname is None:
                moved[new] = home
            else:
                kept.append(alias)
        if not moved:
            return updated_node
        if kept:
            self.needed |= {(home, name) for name, home in moved.items()}
            kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
            return updated_node.with_changes(names=kept)
        home = next(iter(sorted(moved.values(), reverse=True)))  # the line stays, with its comments
        names = [name for name, where in moved.items() if where == home]
        self.needed |= {(where, name) for name, where in moved.items() if where != home}
        aliases = [cst.ImportAlias(cst.Name(name)) for name in names]
        return updated_node.with_changes(module=cst.parse_expression(home), names=aliases, lpar=None, rpar=None)

    def leave_ClassDef(self, original_node: cst.ClassDef, updated_node: cst.ClassDef) -> cst.ClassDef:
        """`BaseParameters` was a pydantic model."""
        if not _derives(updated_node):
            return updated_node
        bases = [
            one.with_changes(value=cst.Name("BaseModel"))
            if isinstance(one.value, cst.Name) and one.value.value in _PARAMETERS
            else one
            for one in updated_node.bases
        ]
        return updated_node.with_changes(bases=bases)

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        """`-> Output(a=T)` names its outputs with `Annotated`; an object that ZenML made itself gets a default."""
        returns = updated_node.returns
        if returns is not None and (type_ := self._outputs(returns.annotation)) is not None:
            updated_node = updated_node.with_changes(returns=returns.with_changes(annotation=type_))
        if any(_decorates(one, "step") for one in updated_node.decorators):
            updated_node = updated_node.with_changes(params=self._defaults(original_node, updated_node))
        return updated_node

    def _outputs(self, node: cst.BaseExpression) -> cst.BaseExpression | None:
        if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Name):
            return None
        if self.facts.old_names.get(node.func.value) != "Output" or not node.args:
            return None
        if any(one.keyword is None or one.star for one in node.args):
            return None
        self.needed.add(("typing", "Annotated"))
        named = [
            cst.Subscript(
                cst.Name("Annotated"),
                [
                    _element(one.value),
                    _element(cst.SimpleString(f'"{one.keyword.value if one.keyword else ""}"'), is_last=True),
                ],
            )
            for one in node.args
        ]
        if len(named) == 1:
            return named[0]
        elements = [_element(one, is_last=index == len(named) - 1) for index, one in enumerate(named)]
        return cst.Subscript(cst.Name("tuple"), elements)

    def _defaults(self, original: cst.FunctionDef, node: cst.FunctionDef) -> cst.Parameters:
        parameters = list(node.params.params)
        for index, one in enumerate(parameters):
            named = one.annotation.annotation if one.annotation is not None else None
            if one.default is not None or not isinstance(named, cst.Name) or named.value not in self.facts.classes:
                continue
            if any(later.default is None for later in parameters[index + 1 :]):
                line = _line(self, original.name)
                message = f"`{node.name.value}` is given `{one.name.value}` by ZenML: move it to the end and write `= {named.value}()`"
                self.facts.left.append((line, message))
                continue
            space = cst.SimpleWhitespace(" ")
            parameters[index] = one.with_changes(
                default=cst.Call(cst.Name(named.value)),
                equal=cst.AssignEqual(whitespace_before=space, whitespace_after=space),
            )
        return node.params.with_changes(params=parameters)

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        """`p.run(schedule=s)` is `p.with_options(schedule=s)()`, and `p(x).run()` is `p(x)`."""
        called = updated_node.func
        if not isinstance(called, cst.Attribute) or called.attr.value != "run":
            return updated_node
        receiver = called.value
        arguments: Sequence[cst.Arg] = ()
        if isinstance(receiver, cst.Call):
            arguments, receiver = receiver.args, receiver.func
        if not isinstance(receiver, cst.Name) or receiver.value not in self.facts.pipelines:
            return updated_node
        if updated_node.args:
            receiver_with: cst.BaseExpression = cst.Call(
                cst.Attribute(receiver, cst.Name("with_options")), updated_node.args
            )
        else:
            receiver_with = receiver
        return cst.Call(receiver_with, arguments)


def _new_home(module: str, name: str) -> tuple[str, str]:
    """Where a name of an old module lives now, and what it is called there; nothing for one that stays."""
    if name == "Output":
        return "typing", "Annotated"
    if name in _PARAMETERS:
        return "pydantic", "BaseModel"
    return _MOVED.get(module, {}).get(name, ""), name


def _element(node: cst.BaseExpression, *, is_last: bool = False) -> cst.SubscriptElement:
    comma = cst.MaybeSentinel.DEFAULT if is_last else cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    plain = node.with_changes(lpar=[], rpar=[]) if hasattr(node, "lpar") else node
    return cst.SubscriptElement(cst.Index(plain), comma=comma)


def _module_of(node: cst.ImportFrom) -> str:
    return "" if node.module is None or node.relative else cst.Module([]).code_for_node(node.module)


def _bound(alias: cst.ImportAlias) -> str:
    name = alias.asname.name if alias.asname is not None else alias.name
    return name.value if isinstance(name, cst.Name) else ""


def _derives(node: cst.ClassDef) -> bool:
    return any(isinstance(one.value, cst.Name) and one.value.value in _PARAMETERS for one in node.bases)


def _decorates(node: cst.Decorator, name: str) -> bool:
    called = node.decorator.func if isinstance(node.decorator, cst.Call) else node.decorator
    if isinstance(called, cst.Attribute):
        return called.attr.value == name
    return isinstance(called, cst.Name) and called.value == name


def _with_imports(module: cst.Module, needed: set[tuple[str, str]]) -> cst.Module:
    """`module` with these names imported: added to an import of the same module, else on a line of their own."""
    missing = dict[str, list[str]]()
    for home, name in sorted(needed):
        if not _imports(module, home, name):
            missing.setdefault(home, []).append(name)
    body = list(module.body)
    for home, names in missing.items():
        extended = _extend(body, home, names)
        if not extended:
            line = cst.parse_statement(f"from {home} import {', '.join(names)}\n")
            body.insert(_first_import(body), line)
    return module.with_changes(body=body)


def _imports(module: cst.Module, home: str, name: str) -> bool:
    return any(
        _module_of(one) == home
        and not isinstance(one.names, cst.ImportStar)
        and any(_bound(alias) == name for alias in one.names)
        for one in m.findall(module, m.ImportFrom())
        if isinstance(one, cst.ImportFrom)
    )


def _extend(body: list[cst.SimpleStatementLine | cst.BaseCompoundStatement], home: str, names: list[str]) -> bool:
    for index, line in enumerate(body):
        if not isinstance(line, cst.SimpleStatementLine) or len(line.body) != 1:
            continue
        node = line.body[0]
        if not isinstance(node, cst.ImportFrom) or _module_of(node) != home or isinstance(node.names, cst.ImportStar):
            continue
        comma = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
        aliases = [*node.names]
        last = aliases[-1]
        if not isinstance(last.comma, cst.Comma):
            aliases[-1] = last.with_changes(comma=comma)
        aliases += [cst.ImportAlias(cst.Name(name), comma=comma) for name in names]
        if node.lpar is None:
            aliases[-1] = aliases[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
        body[index] = line.with_changes(body=[node.with_changes(names=aliases)])
        return True
    return False


def _first_import(body: list[cst.SimpleStatementLine | cst.BaseCompoundStatement]) -> int:
    """The place of the first import that is not `from __future__`; behind the docstring where there is none."""
    place = 0
    for index, line in enumerate(body):
        if not isinstance(line, cst.SimpleStatementLine):
            break
        node = line.body[0]
        if isinstance(node, cst.ImportFrom) and _module_of(node) == "__future__":
            place = index + 1
        elif isinstance(node, cst.Import | cst.ImportFrom):
            return index
        elif isinstance(node, cst.Expr) and index == 0:
            place = 1
        else:
            break
    return place

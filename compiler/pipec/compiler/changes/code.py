"""Differences in the code that a step reaches: which definitions changed, which only moved."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipec.compiler.changes.model import Difference
from pipec.compiler.changes.wording import listed
from pipec.compiler.frontend.normal_form import normal_form
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from pipec.compiler.ir.model import Closure, Pipeline, StepDef


@dataclass(slots=True)
class CodeTable:
    """The definitions of a pipeline's code root, by `module:name`."""

    pipeline: Pipeline
    _modules: dict[str, dict[str, list[ast.stmt]]] = field(default_factory=dict)

    def definition(self, symbol: str) -> list[ast.stmt]:
        """The statements that bind the symbol; none where it is not in the code root."""
        module, _, name = symbol.partition(":")
        if module not in self._modules:
            path = module.replace(".", "/")
            wanted = {f"{path}.py", f"{path}/__init__.py"}
            text = next((file.text for file in self.pipeline.code if file.path in wanted), "")
            self._modules[module] = _bound(ast.parse(text))
        return self._modules[module].get(name.partition(".")[0], [])

    def meaning(self, symbol: str) -> str:
        """The normal form of a definition, without docstrings and without its own name: the same after a move."""
        name = symbol.rpartition(":")[2].partition(".")[0]
        return "".join(normal_form(_anonymous(one, name)) for one in self.definition(symbol))

    def exact(self, symbol: str) -> str:
        """The normal form of a definition, docstrings included."""
        return "".join(normal_form(one) for one in self.definition(symbol))


def _bound(tree: ast.Module) -> dict[str, list[ast.stmt]]:
    found: dict[str, list[ast.stmt]] = {}
    for statement in tree.body:
        names: list[str] = []
        match statement:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names = [name]
            case ast.Import() | ast.ImportFrom():
                continue
            case _:
                names = [
                    one.id
                    for one in ast.walk(statement)
                    if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
                ]
        for name in names:
            found.setdefault(name, []).append(statement)
    return found


class _Anonymous(ast.NodeTransformer):
    """Takes docstrings out, and the name of one definition wherever it is used."""

    def __init__(self, name: str) -> None:
        self.name = name

    def visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:]
            if node.name == self.name:
                node.name = "_"
        elif isinstance(node, ast.Name) and node.id == self.name:
            node.id = "_"
        return node


def _anonymous(statement: ast.stmt, name: str) -> ast.AST:
    import copy

    return _Anonymous(name).visit(copy.deepcopy(statement))


def code_differences(
    subject: str, old: StepDef, new: StepDef, before: CodeTable, after: CodeTable, causes: Collection[str]
) -> Iterator[Difference]:
    """What is different in the code of one step, and in what that code needs.

    `causes` are the files that declare requirements and are not as they were.
    """
    if old.closure.digest != new.closure.digest:
        yield from _definitions(subject, old, new, before, after)
    yield from _requirements(subject, old.closure, new.closure, new, causes)
    for path in old.closure.files:
        if path not in new.closure.files:
            yield Difference(subject, "file", f"file `{path}` does not travel any more", new.span)
    for path in new.closure.files:
        if path not in old.closure.files:
            yield Difference(subject, "file", f"file `{path}` travels too", new.span)
    if old.doc != new.doc:
        yield Difference(subject, "description", "description changed", new.span, is_meaning=False)


def _definitions(subject: str, old: StepDef, new: StepDef, before: CodeTable, after: CodeTable) -> Iterator[Difference]:
    first, second = set(old.closure.symbols), set(new.closure.symbols)
    gone, come = sorted(first - second), sorted(second - first)
    moved = _moved(gone, come, before, after, {old.symbol: new.symbol})
    changed = [one for one in sorted(first & second) if before.meaning(one) != after.meaning(one)]
    only_said = [one for one in sorted(first & second) if one not in changed and before.exact(one) != after.exact(one)]
    is_found = bool(changed or gone or come or only_said)
    own = [one for one in changed if one == new.symbol]
    others = [one for one in changed if one != new.symbol]
    renamed = moved.pop(old.symbol, None)
    if own or (old.symbol != new.symbol and renamed is None):
        yield Difference(subject, "code", "its own code changed", new.span)
    if others:
        yield Difference(subject, "code", f"code changed that it uses: {listed(others)}", new.span)
    lost = [one for one in gone if one not in moved and one != old.symbol]
    fresh = [one for one in come if one not in moved.values() and one != new.symbol]
    if fresh:
        yield Difference(subject, "code", f"now uses {listed(fresh)}", new.span)
    if lost:
        yield Difference(subject, "code", f"no longer uses {listed(lost)}", new.span)
    for source, target in moved.items():
        yield Difference(subject, "moved", f"`{source}` is now `{target}`", new.span, is_meaning=False)
    if only_said:
        said = "a docstring changed in code that it uses, so its cache key did"
        yield Difference(subject, "docstring", said, new.span, is_meaning=False)
    files = _changed_files(old.closure, new.closure, before, after)
    if files:
        yield Difference(subject, "file", f"data changed that it reads: {listed(files)}", new.span)
    if not is_found and not files:
        is_imports = old.closure.imports != new.closure.imports
        text = "what it imports changed" if is_imports else "imports or top-level statements that it uses changed"
        yield Difference(subject, "code", text, new.span)


def _moved(
    gone: list[str], come: list[str], before: CodeTable, after: CodeTable, known: dict[str, str]
) -> dict[str, str]:
    """Old symbols whose definition stands elsewhere now, word for word."""
    found: dict[str, str] = {}
    for source in gone:
        meaning = before.meaning(source)
        targets = [known[source]] if source in known else come
        for target in targets:
            if target in come and target not in found.values() and meaning and meaning == after.meaning(target):
                found[source] = target
                break
    return found


def _changed_files(old: Closure, new: Closure, before: CodeTable, after: CodeTable) -> list[str]:
    texts = [{file.path: file.text for file in table.pipeline.code} for table in (before, after)]
    both = sorted(set(old.files) & set(new.files))
    return [path for path in both if texts[0].get(path) != texts[1].get(path)]


def _requirements(
    subject: str, old: Closure, new: Closure, step: StepDef, causes: Collection[str]
) -> Iterator[Difference]:
    first = {_distribution(one): one for one in old.requirements}
    second = {_distribution(one): one for one in new.requirements}
    told: list[str] = []
    for name in sorted({*first, *second}):
        if name not in second:
            told.append(f"`{first[name]}` is not needed any more")
        elif name not in first:
            told.append(f"`{second[name]}` is needed too")
        elif first[name] != second[name]:
            told.append(f"`{first[name]}` → `{second[name]}`")
    if told:
        why = f" because {listed(causes)} changed" if causes else ""
        yield Difference(subject, "requirements", f"requirements: {', '.join(told)}{why}", step.span)


def _distribution(requirement: str) -> str:
    name = requirement
    for index, character in enumerate(requirement):
        if not (character.isalnum() or character in "._-"):
            name = requirement[:index]
            break
    return name.lower().replace("_", "-").replace(".", "-")

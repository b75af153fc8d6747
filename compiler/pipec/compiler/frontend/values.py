"""What the evaluator computes with.

What is known is held as the Python value itself (numbers, text, lists, dicts, …, whose elements may be any value of this
module). What is not is one of the classes below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping

    from pipec.compiler.diagnostics import Diagnostic
    from pipec.compiler.frontend.modules import Module
    from pipec.compiler.ir import values as ir
    from pipec.compiler.source import Span


@dataclass(slots=True, eq=False, repr=False)
class Symbolic:
    """A value that a run knows: a parameter, a result, or computed from them.

    Attributes:
        size: how many parts it is made of, one that is used twice counted twice.
        depth: how deep these are nested.
    """

    value: ir.Value
    size: int = 1
    depth: int = 0


@dataclass(slots=True, eq=False, repr=False)
class StepResult:
    """What a call of a step without output, or with several, returns: its id and its outputs."""

    operation: str
    step: str
    outputs: tuple[Symbolic, ...]
    names: tuple[str, ...]


@dataclass(slots=True, eq=False, repr=False)
class Unknown:
    """A value that cannot be known at compile time, and why. It becomes an error only where the graph needs it."""

    diagnostic: Diagnostic


@dataclass(slots=True, eq=False, repr=False)
class Unbound(Unknown):
    """What a name holds that Python may not have bound, or that differs in a way that no run can carry.

    Reading the name is the fault, at the place where it is read. `parameters` are those that decide it: fixing them
    would make the value known.
    """

    parameters: tuple[str, ...] = ()


@dataclass(slots=True, eq=False, repr=False)
class Spread:
    """In a list, the elements of a list that only a run knows; as a key of a dict, the entries of such a dict.

    A list or dict that holds one is *open*: what it holds besides is known, how much it holds is not. `value` is
    `Symbolic`, or `Unknown` where it may not be looked at.
    """

    value: Any


@dataclass(slots=True, eq=False, repr=False)
class RunTimeKey:
    """A key of a dict that only a run knows. A dict that holds one is open."""

    value: Any


@dataclass(slots=True, eq=False, repr=False)
class ServerValue(Unknown):
    """What a ZenML server or stack would give, `Client().active_stack.artifact_store.path`: its path says what was asked."""

    path: str


@dataclass(slots=True, eq=False, repr=False)
class RunMetadata:
    """`.run_metadata` of something that is looked up: indexed by a key, it is a look-up of its own."""

    of: Mapping[str, Any]


@dataclass(slots=True, eq=False, repr=False)
class ProjectFile:
    """An open file of the project: its path from the project root, and its text."""

    path: str
    text: str


@dataclass(slots=True, eq=False, repr=False)
class Unmapped:
    """`unmapped(value)`: goes as a whole to every call of a mapped step."""

    value: Any


class MapResult(list[Any]):
    """What `step.map(…)` returns: a list of results, and for each output of the step the list of its values."""

    def __init__(self, results: list[Any], columns: tuple[list[Any], ...]) -> None:
        super().__init__(results)
        self.columns = columns


@dataclass(slots=True, eq=False, repr=False)
class External:
    """A name of the standard library or a third party, by its dotted path; never imported by the compiler."""

    path: str


@dataclass(slots=True, eq=False, repr=False)
class SdkSymbol:
    """A name of the authoring API (`zenml` or `pipec.sdk`): `step`, `DockerSettings`, `get_pipeline_context`, …."""

    name: str
    path: str


@dataclass(slots=True, eq=False, repr=False)
class ModuleValue:
    """A module of the project."""

    module: Module


@dataclass(slots=True, eq=False, repr=False)
class Frame:
    """The names of one running function, or of a module while its statements run."""

    module: Module
    names: dict[str, Any]
    parent: Frame | None = None
    qualified_name: str = ""
    nonlocal_names: dict[str, Frame] = field(default_factory=dict)
    depth: int = 0
    is_comprehension: bool = False


@dataclass(slots=True, eq=False, repr=False)
class FunctionValue:
    """A function of the project. `defaults` were evaluated where it was defined."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    module: Module
    qualified_name: str
    frame: Frame | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False, repr=False)
class ClassValue:
    """A class of the project: its bases and its own namespace, evaluated like a module's."""

    node: ast.ClassDef
    module: Module
    qualified_name: str
    bases: tuple[Any, ...]
    names: Mapping[str, Any]
    is_dataclass: bool = False


@dataclass(slots=True, eq=False, repr=False)
class InstanceValue:
    """An instance of a class of the project whose fields are known by name."""

    cls: ClassValue
    fields: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EnumMember:
    """A member of an enum class of the project. Compares by identity of class and name, as in Python."""

    symbol: str
    name: str
    value: Any
    is_text: bool = False


@dataclass(slots=True, eq=False, repr=False)
class SettingsValue:
    """A value object of the authoring API, `DockerSettings(requirements=…)`: its class and the fields that are set."""

    kind: str
    fields: Mapping[str, Any]
    span: Span
    places: Mapping[str, Span] = field(default_factory=dict)


@dataclass(slots=True, eq=False, repr=False)
class StepValue:
    """A step: where it is defined, and the options set on it, each with its place."""

    definition: FunctionValue | ClassValue | External
    options: Mapping[str, Setting]
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True, eq=False, repr=False)
class PipelineValue:
    """A pipeline: its function, the options set on it, and which of these `with_options` or `configure` has set."""

    definition: FunctionValue
    options: Mapping[str, Setting]
    changed: frozenset[str] = frozenset()


@dataclass(slots=True, eq=False, repr=False)
class Setting:
    """A value given to a call, a decorator or `with_options`, its place, and that of its keyword, if it has one."""

    value: Any
    span: Span
    keyword: Span | None = None

    @property
    def name_span(self) -> Span:
        """What to point at where the name is wrong, not the value."""
        return self.keyword or self.span


@dataclass(slots=True, eq=False, repr=False)
class Method:
    """An attribute of a value, to be called: `step.with_options`, `names.append`, `"a".join`."""

    receiver: Any
    name: str


@dataclass(slots=True, eq=False, repr=False)
class Builtin:
    """A function of Python's own that the evaluator may call, by its name in `builtins`."""

    name: str


@dataclass(slots=True, eq=False, repr=False)
class FieldDefault:
    """What `field(default_factory=…)` or pydantic's `Field(…)` says of a field; `value` is `MISSING` if it has no default."""

    value: Any
    factory: Any = None


@dataclass(slots=True, eq=False, repr=False)
class AnnotationAlias:
    """A type written with brackets outside an annotation, `Score = Annotated[float, "score"]`: read where it is used."""

    node: ast.Subscript
    frame: Frame


MISSING = object()
"""No value, where None is one."""

ABSTRACT = (
    Symbolic, StepResult, Unknown, External, SdkSymbol, ModuleValue, FunctionValue, ClassValue, InstanceValue,
    EnumMember, SettingsValue, StepValue, PipelineValue, Method, Builtin, FieldDefault, AnnotationAlias, Spread,
    RunTimeKey, RunMetadata, ProjectFile, Unmapped,
)  # fmt: skip
"""Every class of a value that is not the Python value itself."""


class Fault(Exception):
    """Evaluation of a statement cannot go on; the diagnostic says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def is_known(value: Any) -> bool:
    """Whether `value` and all that it holds are plain Python values."""
    if isinstance(value, ABSTRACT):
        return isinstance(value, EnumMember)
    if isinstance(value, dict):
        return all(map(is_known, value.keys())) and all(map(is_known, value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(is_known, value))
    return True


class Freeze(BaseException):  # not an Exception: nothing on the way may take it for a fault of the program
    """The body cannot be evaluated unless these parameters are known; `span` shows what needs them, `why` says it."""

    def __init__(self, parameters: tuple[str, ...], span: Span, why: str) -> None:
        super().__init__(why)
        self.parameters, self.span, self.why = parameters, span, why


class Raised(BaseException):
    """A `raise` was met where a run decides whether it is: it has become a check of the graph, and nothing follows it."""


def is_open(value: Any) -> bool:
    """Whether `value` is a list, tuple or dict of which only a run knows how much it holds."""
    if isinstance(value, dict):  # once it is open, only such keys are added
        return bool(value) and isinstance(next(reversed(value)), Spread | RunTimeKey)
    return isinstance(value, list | tuple) and any(isinstance(one, Spread) for one in value)


def find_unknown(value: Any) -> Unknown | None:
    """The first `Unknown` in `value`, looking into containers."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Spread | RunTimeKey | Unmapped):
        return find_unknown(value.value)
    parts: list[Any] = []
    if isinstance(value, dict):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        parts = list(value)
    return next((found for part in parts if (found := find_unknown(part))), None)


def describe(value: Any) -> str:  # noqa: C901, PLR0912 - a flat dispatch over kinds of value
    """What kind of thing `value` is, for a headline: "the result of `load`", "a list"."""
    match value:
        case Symbolic(value=inner):
            return _describe_symbolic(inner)
        case StepResult(step=step, outputs=outputs):
            return f"the result of `{step}`, which returns {len(outputs) or 'nothing'}{' values' * bool(outputs)}"
        case External(path=path) | SdkSymbol(path=path):
            return f"`{path}`"
        case ModuleValue(module=module):
            return f"the module `{module.name}`"
        case FunctionValue(qualified_name=name):
            return "a lambda" if name.endswith("<lambda>") else f"the function `{name}`"
        case ClassValue(qualified_name=name):
            return f"the class `{name}`"
        case InstanceValue(cls=cls):
            return f"an object of `{cls.qualified_name}`"
        case SettingsValue(kind=kind):
            return f"a `{kind}` object"
        case StepValue():
            return f"the step `{name_of(value)}`"
        case PipelineValue(definition=definition):
            return f"the pipeline `{definition.qualified_name}`"
        case Method(name=name) | Builtin(name=name):
            return f"`{name}`"
        case AnnotationAlias():
            return "a type"
        case Spread() | RunTimeKey() | Unmapped():
            return "a value computed from run-time values"
        case RunMetadata():
            return "the metadata of what is looked up"
        case ProjectFile(path=path):
            return f"the open file `{path}`"
        case None | bool():
            return f"`{value}`"
        case _:
            name = "dict" if isinstance(value, dict) else type(value).__name__
            return f"{'an' if name[0] in 'aeiou' else 'a'} `{name}`"


def _describe_symbolic(value: ir.Value) -> str:
    match type(value).__name__:
        case "Param":
            return f"the parameter `{value.name}`"  # type: ignore[union-attr]
        case "Output":
            return f"the result of `{value.operation}`"  # type: ignore[union-attr]
        case "Item":
            return "the item of a loop"
        case "Lazy":
            return "a value that is looked up when the step starts"
        case "RunFact":
            return "a fact of the run"
        case _:
            return "a value computed from run-time values"


def name_of(step: StepValue) -> str:
    """The function or class name of a step, for messages."""
    definition = step.definition
    return definition.path.rpartition(".")[2] if isinstance(definition, External) else definition.qualified_name

"""The intermediate representation: structured control flow with explicit results (DESIGN §4).

A pipeline is a block of operations. Each operation has an id, unique in the pipeline, and named results that other
operations read as `Output(id, name)`. A body (of a `Group`, an `If` arm, a `ForEach`) may read what lies around it;
nothing reads into a body: what leaves it is named in `results`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from pipec.compiler.ir.config import Config, Schedule
    from pipec.compiler.ir.types import Type
    from pipec.compiler.ir.values import Const, Json, Value
    from pipec.compiler.source import Span

Carrier = Literal["parameter", "artifact"]
"""How a result travels: numbers, booleans and `None` as the target's parameter, all else as an artifact (DESIGN §4)."""


@dataclass(frozen=True, slots=True)
class Block:
    """Operations in the order of the source."""

    operations: tuple[Operation, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a step.

    Attributes:
        id: ZenML's invocation id: the step's name, or `name_2`, `name_3`, … for later calls, or the given `id=`.
        step: the `symbol` of a `StepDef` in `Pipeline.steps`.
        arguments: for each input that gets a value, the value, in the order of the step's signature; an input left out
            keeps its default, which Python fills in.
        after: ids of operations that must have ended, each once, in the order of the source.
        label: what names one iteration in a loop for people; never an identity.
        config: the configuration of this call, merged: call over step over pipeline.
        mirrored: outputs with carrier `artifact` that *also* travel as a parameter because control flow or the
            pipeline's outputs read them (`passes.assign_carriers` fills it).
    """

    id: str
    step: str
    arguments: Mapping[str, Value]
    span: Span
    config: Config
    after: tuple[str, ...] = ()
    label: Value | None = None
    mirrored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Arm:
    """One arm of an `If`: its condition (None for `else`) and what it does."""

    condition: Value | None
    body: Block


@dataclass(frozen=True, slots=True)
class If:
    """The first arm whose condition holds runs. `results[name]` has one value per arm, in the order of the arms.

    Where no `else` is written, lowering adds an empty last arm with condition None, so that results are total.
    """

    id: str
    arms: tuple[Arm, ...]
    results: Mapping[str, tuple[Value, ...]]
    span: Span
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ForEach:
    """The body once for each of `items`, read inside as `Item(id)`; results are lists in the order of the items."""

    id: str
    items: Value
    body: Block
    results: Mapping[str, Value]
    span: Span
    after: tuple[str, ...] = ()
    max_parallelism: int | None = None
    variable: str = "item"


@dataclass(frozen=True, slots=True)
class Group:
    """A nested pipeline: its body in a scope of its own, its returned values as results."""

    id: str
    pipeline: str
    body: Block
    results: Mapping[str, Value]
    span: Span
    after: tuple[str, ...] = ()


Operation = Call | If | ForEach | Group


@dataclass(frozen=True, slots=True)
class StepInput:
    """One parameter of a step's function. `default` is None where there is none or it is not a constant."""

    name: str
    type: Type
    is_required: bool
    default: Const | None = None


@dataclass(frozen=True, slots=True)
class StepOutput:
    """One named result of a step.

    Attributes:
        materializer: the symbol of the user's class, if one is set.
        registered: `version`, `tags`, `metadata` and `type` under which the store keeps it, as far as `ArtifactConfig`
            says them; empty where only the name is known.
    """

    name: str
    type: Type
    carrier: Carrier
    materializer: str | None = None
    registered: Mapping[str, Json] = field(default_factory=lambda: {})


@dataclass(frozen=True, slots=True)
class Closure:
    """What a step needs of the project's code: the part of the code root that its cache key hashes.

    Attributes:
        digest: `sha256:` and the hash of the normal form of all reached definitions (DESIGN §3).
        symbols: `module:name` of each reached top-level definition, sorted.
        imports: top-level names of third-party modules reached, sorted (`numpy`, `sklearn`).
        requirements: the distributions that bring them, as requirement strings, sorted (`scikit-learn>=1.5`).
        files: data files from the project root that travel with the code, sorted.
    """

    digest: str
    symbols: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepDef:
    """A step that the pipeline calls.

    Attributes:
        symbol: `module:qualified.name` under which the runtime imports the function.
        name: ZenML's step name, the base of default ids.
        returns_tuple: whether the function returns a tuple with one element per output (ZenML's return-scan rule);
            otherwise its return value is the one output.
        doc: the docstring, dedented; empty if there is none.
    """

    symbol: str
    name: str
    inputs: tuple[StepInput, ...]
    outputs: tuple[StepOutput, ...]
    span: Span
    closure: Closure
    doc: str = ""
    returns_tuple: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """A run parameter of the pipeline. `default` is None where a value must be given."""

    name: str
    type: Type
    span: Span
    default: Const | None = None
    doc: str = ""


@dataclass(frozen=True, slots=True)
class PipelineOutput:
    """A visible result of a run."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class CodeFile:
    """One file of the code root: its path (forward slashes) and its text."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A whole program for a target.

    Attributes:
        name: the pipeline's name as written (`name=` or the function's); targets make it legal.
        symbol: `module:function` of the pipeline function.
        frozen: parameters that were fixed at compile time, with the value.
        steps: the steps that are called, by symbol, in the order of first call.
        code: the user's part of the code root: cut modules under their dotted names, sorted by path.
        config: what holds for the pipeline as a whole.
    """

    name: str
    symbol: str
    parameters: tuple[Parameter, ...]
    body: Block
    outputs: tuple[PipelineOutput, ...]
    steps: Mapping[str, StepDef]
    config: Config
    span: Span
    doc: str = ""
    frozen: Mapping[str, Const] = field(default_factory=lambda: {})
    schedule: Schedule | None = None
    code: tuple[CodeFile, ...] = ()

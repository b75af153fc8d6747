"""A plan in the making: the templates so far, and what a scope under construction takes from outside.

A body may read what lies around it; a DAG template cannot. So each scope declares as inputs what it and the scopes
inside it read from outside, and whoever calls it hands that over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.argo.model import Inputs, Let, Scope, Source, Step
from pipec.backends.argo.names import Names, parameter
from pipec.backends.argo.settings import requirements
from pipec.backends.argo.text import typed
from pipec.compiler.gates import is_gate
from pipec.compiler.ir.values import Item, Output, Param
from pipec.compiler.record import dataclass, field
from pipec.compiler.yaml_text import Flow

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pipec.backends.argo.carriers import Carriers
    from pipec.backends.argo.images import Images
    from pipec.compiler.ir.model import Call, Pipeline, StepDef
    from pipec.compiler.ir.values import Json
    from pipec.compiler.ir.walk import Captured
    from pipec.compiler.yaml_text import Yaml

ITEM = "{{item}}"
TYPED = "-json"
"""The end of an entry point's input whose text is made of a run parameter's."""


@dataclass(frozen=True, slots=True)
class RunHooks:
    """The hooks of a run as calls.

    Attributes:
        calls: those of the exit handler, with the hook's name.
        steps: the definitions of all.
        specs: the static invocation of each, by the id of its call.
        state: the id of the call of `on_init`; empty if there is none.
        readers: the steps that get what it returned, by symbol.
        explained: ids of the calls that take the exception of a failed step.
    """

    calls: Sequence[tuple[str, Call]] = ()
    steps: Mapping[str, StepDef] = field(default_factory=dict)
    specs: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    state: str = ""
    readers: frozenset[str] = frozenset()
    explained: frozenset[str] = frozenset()


@dataclass(slots=True)
class Plan:
    """All templates, in the order in which they are printed, scopes before what they call."""

    pipeline: Pipeline
    carriers: Carriers
    images: Images
    command: Sequence[str]
    code_map: str
    hooks: RunHooks
    has_store: bool = False
    store_secret: str | None = None
    names: Names = field(default_factory=Names)
    scopes: list[Scope | None] = field(default_factory=list[Scope | None])
    steps: list[Step] = field(default_factory=list[Step])

    def reserve(self) -> int:
        """A place for a scope: it is printed before those inside it, and known after them."""
        self.scopes.append(None)
        return len(self.scopes) - 1

    def starts(self, call: Call) -> dict[str, Yaml]:
        """What starts the step, where its image has another interpreter than most."""
        python = self.images.of(call).python
        return {} if python == self.command[0] else {"command": Flow([python, *self.command[1:]])}

    def needed(self, call: Call, step: StepDef) -> tuple[str, ...]:
        """What must be installed for a call; a gate needs what the makers of its inputs need, to read them.

        Images have what is needed, those that are used as they are too: nobody asked for more in them.
        """
        if self.images.built:
            return ()
        found = [*requirements(call, step)]
        for maker in self.carriers.makers(call) if is_gate(call) else []:
            found += self.needed(maker, self.carriers.steps[maker.step])
        return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Reads:
    """What a template reads of the scope that calls it: for each of its inputs, the value."""

    parameters: Mapping[str, Captured]
    artifacts: Mapping[str, Captured]


@dataclass(frozen=True, slots=True)
class Body:
    """A body as one template to call.

    Attributes:
        template: its name, which its task has too.
        outlets: for each of its exports, the output of the template that carries it.
    """

    template: str
    reads: Reads
    outlets: Mapping[str, str]


@dataclass(slots=True)
class Inside:
    """A scope under construction.

    Attributes:
        tasks: the names of its tasks by operation.
        texts: run parameters that may hold text: in the entry point they are made inert once, for all.
        loop: the loop whose single task it holds; its item is read here as it is.
        parameters: its input parameters so far, with what they carry.
        artifacts: likewise its input artifacts.
    """

    carriers: Carriers
    tasks: dict[str, str] = field(default_factory=dict[str, str])
    loop: str = ""
    texts: frozenset[str] = frozenset()
    names: Mapping[str, Names] = field(default_factory=lambda: {"parameters": Names(), "artifacts": Names()})
    parameters: dict[str, Captured] = field(default_factory=dict[str, "Captured"])
    artifacts: dict[str, Captured] = field(default_factory=dict[str, "Captured"])
    taken: dict[tuple[str, str, str], str] = field(default_factory=dict[tuple[str, str, str], str])

    def inputs(self) -> Inputs:
        """The inputs of the template."""
        optional = [name for name, leaf in self.artifacts.items() if self.may_be_absent(leaf)]
        inert = {self.taken.get(("parameters", "", name), ""): typed(parameter(name)) for name in sorted(self.texts)}
        values = {name: inert[name] for name in self.parameters if name in inert}
        return Inputs(tuple(self.parameters), dict.fromkeys(self.artifacts, ""), frozenset(optional), values=values)

    def reads(self) -> Reads:
        """What whoever calls the template has to hand over."""
        return Reads(self.parameters, self.artifacts)

    def may_be_absent(self, leaf: Captured) -> bool:
        """Whether a run may be without the artifact."""
        return isinstance(leaf, Output) and self.carriers.may_be_absent(leaf)

    def is_made_here(self, leaf: Captured) -> bool:
        """Whether a task of the scope makes the value."""
        return isinstance(leaf, Output) and leaf.operation in self.tasks

    def parameter(self, leaf: Captured) -> str:
        """The tag by which a task in the scope reads the parameter; what lies outside becomes an input of the scope."""
        if isinstance(leaf, Item) and leaf.operation == self.loop:
            return ITEM
        if isinstance(leaf, Output) and self.is_made_here(leaf):
            return f"{{{{tasks.{self.tasks[leaf.operation]}.outputs.parameters.{parameter(leaf.name)}}}}}"
        return f"{{{{inputs.parameters.{self.input(leaf, 'parameters')}}}}}"

    def artifact(self, leaf: Captured) -> Source:
        """Likewise the source of an artifact."""
        is_optional = self.may_be_absent(leaf)
        if not (isinstance(leaf, Output) and self.is_made_here(leaf)):
            return Source(f"{{{{inputs.artifacts.{self.input(leaf, 'artifacts')}}}}}", is_optional=is_optional)
        if self.carriers.kind(leaf) == "files":
            base, loops = self.carriers.folder(leaf)
            return Source(key=key(base, (self.parameter(Item(loop, leaf.type)) for loop in loops)), is_optional=True)
        tag = f"tasks.{self.tasks[leaf.operation]}.outputs.artifacts.{parameter(leaf.name)}"
        return Source(f"{{{{{tag}}}}}", is_optional=is_optional)

    def input(self, leaf: Captured, kind: str) -> str:
        """The input of the scope that carries a value from outside."""
        match leaf:
            case Param(name=name):
                # An entry point's inputs are filled by name from the run's arguments.
                # What has a value of its own must not have the name of one.
                base, identity = f"{parameter(name)}{TYPED if name in self.texts else ''}", (kind, "", name)
            case Output(operation=operation, name=name):
                base, identity = f"{parameter(operation)}-{parameter(name)}", (kind, operation, name)
            case Item(operation=operation):
                base, identity = f"{parameter(operation)}-index", (kind, operation, "")
        if identity not in self.taken:
            name = self.taken[identity] = self.names[kind].parameter(base)
            (self.parameters if kind == "parameters" else self.artifacts)[name] = leaf
        return self.taken[identity]

    def let_out(self, exports: Iterable[tuple[str, Output]]) -> tuple[tuple[Let, ...], tuple[Let, ...]]:
        """Outputs of the template, by name, for what is made inside: parameters and artifacts."""
        parameters: list[Let] = []
        artifacts: list[Let] = []
        for name, leaf in exports:
            if self.carriers.has_parameter(leaf):
                parameters.append(Let(name, self.parameter(leaf)))
            if self.carriers.kind(leaf) == "artifact":
                source = self.artifact(leaf)
                artifacts.append(Let(name, source.tag, is_optional=source.is_optional))
        return tuple(parameters), tuple(artifacts)


def key(base: str, indices: Iterable[str]) -> str:
    """Where what a loop collects lies in the artifact repository, `indices` from the outside in."""
    # `.item` keeps `1` from being the beginning of `10`, which some stores would give along.
    return "/".join(["pipec/{{workflow.uid}}", base, *(f"{index}.item" for index in indices)])

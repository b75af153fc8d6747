"""Argo's form of a pipeline: legal names, planned data, nothing left to decide. `emit` prints it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from pipec.compiler.yaml_text import Yaml


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a template takes, by name: parameters, and artifacts with their path in a container, empty for a DAG.

    `optional` are the artifacts that a run may be without, `raw` those whose content is a text; `values` is the text of
    parameters that nobody hands over.
    """

    parameters: tuple[str, ...] = ()
    artifacts: Mapping[str, str] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    raw: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """Where an artifact comes from: the tag that names it, or a key in the artifact repository."""

    tag: str = ""
    key: str = ""
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One node of a DAG.

    Attributes:
        depends: names of the tasks that must have succeeded.
        is_after_all: those tasks need only have ended, however.
        parameters: for each input of the template, the text with its tag.
        artifacts: for each input of the template, its source.
        when: the expression under which it runs; empty if it always does.
        count: how often it runs, `item` being the index: a number, a tag or an expression; empty for once.
    """

    name: str
    template: str
    depends: tuple[str, ...] = ()
    parameters: Mapping[str, str] = field(default_factory=dict)
    artifacts: Mapping[str, Source] = field(default_factory=dict)
    when: str = ""
    count: str = ""
    is_after_all: bool = False


@dataclass(frozen=True, slots=True)
class Let:
    """What leaves a DAG: the tag of its source, or the expression that picks or makes it."""

    name: str
    source: str = ""
    expression: str = ""
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """A DAG template: the pipeline, a nested pipeline, a branch, a loop. `note` is the comment above it."""

    name: str
    note: tuple[str, ...]
    inputs: Inputs
    tasks: tuple[Task, ...]
    parameters: tuple[Let, ...] = ()
    artifacts: tuple[Let, ...] = ()
    parallelism: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A container template.

    Attributes:
        args: the arguments after the command that all steps share.
        parameters: the outputs that are parameters, with the file of each.
        artifacts: the outputs that are artifacts, with the folder of each.
        keys: where those of them go that a loop collects.
        settings: further fields of the template, in the order in which they are printed.
        container: further fields of the container.
    """

    name: str
    note: tuple[str, ...]
    inputs: Inputs
    args: tuple[str, ...]
    parameters: Mapping[str, str]
    artifacts: Mapping[str, str]
    settings: Mapping[str, Yaml]
    container: Mapping[str, Yaml]
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunParameter:
    """A parameter of the run. `value` is JSON text; None where the submitter must give one."""

    name: str
    value: str | None
    description: str = ""
    enum: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CodeMap:
    """The immutable ConfigMap: its content-derived name, what it holds by key, and the path of each file by key.

    Keys without a path are values of environment variables.
    """

    name: str
    data: Mapping[str, str]
    paths: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Manifest:
    """Everything that goes into the one file.

    Attributes:
        file: the name of the file.
        header: its first comment lines.
        spec: fields of the WorkflowTemplate's spec besides arguments, volumes and templates.
        defaults: the container fields that all steps share.
        code: the map of what travels in the file; None where images hold everything.
        mounts_code: whether every container gets it; if not, those that need it say so.
        libraries: further WorkflowTemplates by name, with the steps that have no room in the first.
        fails_fast: whether a failed step keeps others from starting.
        on_exit: the template that runs at the end; empty for none.
        cron: the CronWorkflow's name and spec, where the pipeline is scheduled.
    """

    file: str
    header: tuple[str, ...]
    name: str
    namespace: str | None
    annotations: Mapping[str, str]
    parameters: tuple[RunParameter, ...]
    spec: Mapping[str, Yaml]
    defaults: Mapping[str, Yaml]
    scopes: tuple[Scope, ...]
    steps: tuple[Step, ...]
    code: CodeMap | None
    mounts_code: bool = True
    libraries: tuple[tuple[str, tuple[Step, ...]], ...] = ()
    fails_fast: bool = False
    on_exit: str = ""
    cron: tuple[str, Mapping[str, Yaml]] | None = None

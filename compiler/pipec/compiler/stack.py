"""Stacks: `[tool.pipec.stack.NAME]`, what differs between the places where a pipeline runs (DESIGN §7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.diagnostics.near import near_names
from pipec.compiler.frontend.component_settings import COMPONENTS
from pipec.compiler.frontend.placed import Placed
from pipec.compiler.frontend.values import Setting
from pipec.compiler.record import dataclass, field, replace
from pipec.compiler.source import Position, Span
from pipec.compiler.toml_places import places_of

if TYPE_CHECKING:
    from pipec.compiler.project import Project

_KEYS = ("environment", "secrets", "settings", "artifact_root", "registry", "options", *COMPONENTS)
_OPTIONS = ("environment", "secrets", "settings")


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack that was chosen.

    Attributes:
        layer: what it sets on every pipeline: `environment`, `secrets`, `settings`.
        artifact_root: folder or URL of the store.
        registry: where images are pushed, `registry.example/team`.
        options: backend options per target.
        components: names of its components by kind, `experiment_tracker` to `mlflow`.
    """

    name: str
    layer: Mapping[str, Setting] = field(default_factory=dict)
    artifact_root: str | None = None
    registry: str | None = None
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    components: Mapping[str, str] = field(default_factory=dict)


def with_stack(project: Project, name: str | None) -> tuple[Project, list[Diagnostic]]:
    """`project` with the stack called `name`, by default its `default_stack`.

    The stack's options, artifact root and settings lie over the project's own.
    """
    reader = _Reader(project, [])
    chosen = name or project.default_stack
    if chosen is None:
        return project, []
    if chosen not in project.stacks:
        near = near_names(chosen, project.stacks)
        help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
        listed = ", ".join(f"`{one}`" for one in project.stacks)
        help_ = help_ or (f"it has {listed}" if listed else "write a table `[tool.pipec.stack.NAME]`")
        place = None if name else reader.place(("default_stack",))[1]
        return project, [Diagnostic("PC0512", f"the project has no stack `{chosen}`", place, help=help_)]
    stack = reader.stack(chosen, project.stacks[chosen])
    options = dict(project.options)
    for target, given in stack.options.items():
        options[target] = {**options.get(target, {}), **given}
    root = stack.artifact_root or project.artifact_root
    return replace(project, stack=stack, options=options, artifact_root=root), reader.faults


def pipeline_layers(project: Project) -> tuple[dict[str, dict[str, Setting]], list[Diagnostic]]:
    """What `[tool.pipec.pipelines.NAME]` sets, by the name of the pipeline; the keys are those of a run configuration."""
    table = project.raw.get("pipelines")
    if table is None:
        return {}, []
    reader = _Reader(project, [])
    return reader.pipelines(table), reader.faults


@dataclass(slots=True)
class _Reader:
    project: Project
    faults: list[Diagnostic]
    _places: dict[tuple[str, ...], tuple[Span, Span]] | None = None

    def place(self, path: tuple[str, ...]) -> tuple[Span, Span]:
        """Where `path` below `[tool.pipec]` stands; for a key of an inline table, where the table stands."""
        source = self.project.file
        assert source is not None, "only a file names a stack"
        if self._places is None:
            self._places = places_of(source)
        for length in range(len(path), 0, -1):
            found = self._places.get(("tool", "pipec", *path[:length]))
            if found is not None:
                return found
        start = Span(source.path, Position(1, 1), Position(1, 1))
        return start, start

    def setting(self, value: Any, path: tuple[str, ...]) -> Setting:
        """A value with the places of all that it holds."""
        name_span, span = self.place(path)
        return Setting(self._placed(value, path), span, name_span)

    def _placed(self, value: Any, path: tuple[str, ...]) -> Any:
        if isinstance(value, dict):
            entries = {key: self._placed(one, (*path, key)) for key, one in value.items()}
            return Placed(entries, {key: self.place((*path, key)) for key in value})
        return [self._placed(one, path) for one in value] if isinstance(value, list) else value

    def stack(self, name: str, table: Mapping[str, Any]) -> Stack:
        path = ("stack", name)
        for key in table:
            if key not in _KEYS:
                self._unknown(f"the stack `{name}`", key, _KEYS, (*path, key))
        layer = {key: self.setting(table[key], (*path, key)) for key in _OPTIONS if key in table}
        components = {key: self._text(table, key, path) for key in COMPONENTS if key in table}
        return Stack(
            name,
            layer,
            self._text(table, "artifact_root", path),
            self._text(table, "registry", path),
            self._options(table.get("options", {}), (*path, "options")),
            {key: text for key, text in components.items() if text is not None},
        )

    def pipelines(self, table: Any) -> dict[str, dict[str, Setting]]:
        from pipec.compiler.frontend.configuration_keys import KEYS
        from pipec.compiler.frontend.placed import entries_of

        if not isinstance(table, dict) or not all(isinstance(one, dict) for one in table.values()):
            fault = Diagnostic("PC0504", "`pipelines` holds a table for each pipeline", self.place(("pipelines",))[0])
            self.faults.append(fault)
            return {}
        found: dict[str, dict[str, Setting]] = {}
        for name, one in table.items():
            path = ("pipelines", name)
            for key in one:
                if key not in KEYS:
                    self._unknown(f"`[tool.pipec.pipelines.{name}]`", key, KEYS, (*path, key))
            setting = self.setting(one, path)
            found[name] = {key: part for key, part in entries_of(setting.value, setting.span).items() if key in KEYS}
        return found

    def _options(self, value: Any, path: tuple[str, ...]) -> Mapping[str, Mapping[str, Any]]:
        from pipec.compiler.registry import unknown_target

        if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
            self.faults.append(
                Diagnostic("PC0504", "`options` is a table with a table for each target", self.place(path)[0])
            )
            return {}
        for target in value:
            fault = unknown_target(target)
            if fault is not None:
                place = self.place((*path, target))[0]
                self.faults.append(Diagnostic("PC0405", fault.message, place, help=fault.help))
        return value

    def _text(self, table: Mapping[str, Any], key: str, path: tuple[str, ...]) -> str | None:
        value = table.get(key)
        if value is None or (isinstance(value, str) and value):
            return value
        self.faults.append(Diagnostic("PC0504", f"`{key}` is a text", self.place((*path, key))[0]))
        return None

    def _unknown(self, owner: str, key: str, known: Any, path: tuple[str, ...]) -> None:
        near = near_names(key, known)
        help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
        help_ = help_ or f"it has {', '.join(f'`{one}`' for one in sorted(known))}"
        self.faults.append(Diagnostic("PC0504", f"{owner} has no key `{key}`", self.place(path)[0], help=help_))

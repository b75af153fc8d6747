"""What a run configuration says of a pipeline: layer over layer, from the project's file up to `--config`.

The order, the last wins (`docs/reference/configuration.md`):

1. the stack, and `[tool.pipec.pipelines.NAME]`
2. `@pipeline`, `configure` and `with_options`
3. the driver of the file, `pipeline.with_options(…)()` under `if __name__ == "__main__"`
4. the run configuration that `config_path=` names, but for what ZenML keeps from the call
5. `--config`
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.frontend.configuration import merge_options
from pipec.compiler.frontend.configuration_keys import OF_OUTPUTS, OF_STEPS, is_misspelled, is_of_project, unknown_key
from pipec.compiler.frontend.placed import Placed, entries_of, table_of
from pipec.compiler.frontend.values import External, Fault, Setting, SettingsValue, Unknown, describe, find_unknown
from pipec.compiler.record import dataclass, field, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.values import PipelineValue
    from pipec.compiler.ir.model import StepDef
    from pipec.compiler.source import Span

Options = dict[str, Setting]

_FORCED = ("enable_cache", "enable_artifact_metadata", "enable_artifact_visualization", "enable_step_logs")
_CALL_WINS = frozenset({"run_name", "schedule", "build"})
"""What a keyword of `with_options` says louder than the file that its `config_path` names (`reference/zenml.md` §1.6)."""


@dataclass(frozen=True, slots=True)
class Layers:
    """What the compilation was given beside the program.

    Attributes:
        stack: what the chosen stack sets, as options of a pipeline.
        pipelines: what `[tool.pipec.pipelines.NAME]` sets, by name; `*` is every pipeline.
        file: the run configuration of `--config`, read; None without.
        components: the stack's components by kind, `experiment_tracker` to `mlflow`.
    """

    stack: Mapping[str, Setting] = field(default_factory=dict)
    pipelines: Mapping[str, Mapping[str, Setting]] = field(default_factory=dict)
    file: Mapping[str, Setting] | None = None
    components: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunConfiguration:
    """A pipeline's configuration from all layers.

    Attributes:
        options: the options of the pipeline, as its decorator has them.
        steps: for each step id, options over those of the call.
        forced: the switches of a run configuration, which it sets on every step.
        parameters: other defaults of run parameters.
        schedule: when it runs by itself, if anything says so.
        step_places: where each id under `steps` stands.
    """

    options: Mapping[str, Setting]
    steps: Mapping[str, Mapping[str, Setting]]
    forced: Mapping[str, Setting]
    parameters: Mapping[str, Setting]
    schedule: Setting | None
    step_places: Mapping[str, Span] = field(default_factory=dict)


def configuration_of(
    interpreter: Interpreter, pipeline: PipelineValue, name: str, driver: Mapping[str, Setting], layers: Layers
) -> RunConfiguration:
    """The configuration of `pipeline` from all layers.

    `driver` holds the keywords of the driver's `with_options`.

    Raises:
        Fault: a layer cannot be read, or says what no layer may.
    """
    below = merge_options(layers.pipelines.get("*", {}), layers.pipelines.get(name, {}))
    options = merge_options(merge_options(layers.stack, below), pipeline.options)
    options = merge_options(options, driver)
    file = layers.file
    named = options.pop("config_path", None)
    if file is None and named is not None and named.value is not None:
        file = _read(interpreter, named)
        file = {key: one for key, one in file.items() if key not in _CALL_WINS or key not in options}
        given = _steps(options)
        options = merge_options(options, {key: one for key, one in file.items() if key != "steps"})
        if "steps" in file:
            options.pop("step_configurations", None)
            options["steps"] = _over(_steps(file), given, file["steps"])
    elif file is not None:
        options = merge_options(options, file)
    return _split(options, file or {})


def _over(lower: Mapping[str, Options], upper: Mapping[str, Options], place: Setting) -> Setting:
    """Step configurations over step configurations."""
    merged = {key: merge_options(lower.get(key, {}), upper.get(key, {})) for key in {**lower, **upper}}
    entries = _table(place, "steps")
    tables = {key: table_of(one) for key, one in merged.items()}
    places = {key: (entries[key].name_span, entries[key].span) for key in tables if key in entries}
    return Setting(Placed(tables, places), place.span, place.keyword)


def _split(options: Options, file: Mapping[str, Setting]) -> RunConfiguration:
    steps = _steps(options)
    parameters = options.get("parameters")
    given = {} if parameters is None else _table(parameters, "parameters")
    kept = {
        key: one
        for key, one in options.items()
        if key not in {"steps", "step_configurations", "parameters", "schedule"}
    }
    if "model" in kept and isinstance(kept["model"].value, dict):  # a pipeline's body may look things up in its model
        from pipec.compiler.frontend.setting_values import record

        kept["model"] = Setting(record(kept["model"], "model", "Model"), kept["model"].span, kept["model"].keyword)
    forced = {key: file[key] for key in _FORCED if key in file and file[key].value is not None}
    return RunConfiguration(kept, steps, forced, given, options.get("schedule"), _places(options))


def _places(options: Mapping[str, Setting]) -> dict[str, Span]:
    given = [one for one in (options.get("step_configurations"), options.get("steps")) if one and one.value is not None]
    return {name: entry.name_span for setting in given for name, entry in _table(setting, "steps").items()}


def _steps(options: Mapping[str, Setting]) -> dict[str, Options]:
    given = [one for one in (options.get("step_configurations"), options.get("steps")) if one and one.value is not None]
    found: dict[str, Options] = {}
    for setting in given:
        for name, entry in _table(setting, "steps").items():
            found[name] = merge_options(found.get(name, {}), step_options(name, entry))
    return found


def step_options(name: str, entry: Setting) -> Options:
    """What stands under `steps.<name>` as keywords of a step.

    Raises:
        Fault: it is no table, or has a key that no step has.
    """
    found: Options = {}
    for key, one in _table(entry, f"steps.{name}").items():
        if key not in OF_STEPS and key != "output_materializers":  # what is read already
            raise Fault(unknown_key(f"steps.{name}", key, OF_STEPS, one))
        if key == "outputs":
            found["output_materializers"] = _materializers(one)
        else:
            found[key] = one
    return merge_options({}, found)


def _materializers(setting: Setting) -> Setting:
    """`outputs: {name: {materializer_source: …}}` as `output_materializers=`."""
    found: dict[str, Any] = {}
    for name, entry in _table(setting, "outputs").items():
        fields = _table(entry, f"outputs.{name}")
        for key, one in fields.items():
            if key not in OF_OUTPUTS:
                raise Fault(unknown_key(f"outputs.{name}", key, OF_OUTPUTS, one))
            found[name] = External(one.value) if isinstance(one.value, str) else one.value
    return Setting(found, setting.span, setting.keyword)


def _table(setting: Setting, name: str) -> dict[str, Setting]:
    value = setting.value
    if isinstance(value, Unknown):
        raise Fault(value.diagnostic)
    if isinstance(value, SettingsValue):
        places = value.places
        return {key: Setting(one, places.get(key, value.span)) for key, one in value.fields.items()}
    if isinstance(value, dict):
        return entries_of(value, setting.span)
    raise Fault(Diagnostic("PC0502", f"`{name}` takes a table, not {describe(value)}", setting.span))


def _read(interpreter: Interpreter, named: Setting) -> Mapping[str, Setting]:
    """The run configuration that `config_path=` names: a path from the project root, else from the file that says so.

    Raises:
        Fault: there is no such file in the project, or it cannot be read.
    """
    if unknown := find_unknown(named.value):
        raise Fault(unknown.diagnostic)
    if not isinstance(named.value, str | os.PathLike):
        raise Fault(Diagnostic("PC0502", f"`config_path` takes a path, not {describe(named.value)}", named.span))
    file = find_configuration(interpreter, named)
    if file is None:
        message = f"`config_path` names `{os.fspath(named.value)}`, which is no file of the project"
        help_ = "give the path from the project root, or `--config`"
        raise Fault(Diagnostic("PC0513", message, named.span, help=help_))
    from pipec.compiler.frontend.run_yaml import read_run_configuration

    table = interpreter.table
    ignored: list[Diagnostic] = []
    source, options = read_run_configuration(file, file.relative_to(table.root).as_posix(), ignored)
    for diagnostic in ignored:
        interpreter.report(diagnostic)
    if source is not None:
        table.sources[source.path] = source
    if isinstance(options, Diagnostic):
        raise Fault(options)
    return options


def find_configuration(interpreter: Interpreter, named: Setting) -> Path | None:
    """The file of the project that `config_path=` means: from the root, a source root, or the file that says so."""
    if not isinstance(named.value, str | os.PathLike):
        return None
    table = interpreter.table
    for base in (table.root, *table.source_roots, (table.root / named.span.path).parent):
        file = Path(os.path.normpath(base / os.fspath(named.value)))
        if file.is_relative_to(table.root) and file.is_file():
            return file
    return None


def check_steps(run: RunConfiguration, ids: list[str]) -> list[Diagnostic]:
    """The ids under `steps` that no call has."""
    from pipec.compiler.diagnostics.near import near_names

    found: list[Diagnostic] = []
    for name in run.steps:
        if name not in ids:
            near = near_names(name, ids)
            help_ = f"did you mean {' or '.join(f'`{one}`' for one in near)}?" if near else ""
            help_ = help_ or f"the ids are {', '.join(f'`{one}`' for one in ids)}"
            place = run.step_places.get(name)
            is_error = bool(near) or is_of_project(place)
            severity = Severity.ERROR if is_error else Severity.WARNING
            notes = () if is_error else ("it has no effect, in ZenML neither",)
            message = f"`steps` configures `{name}`, and no call has that id"
            found.append(Diagnostic("PC0516", message, place, severity=severity, notes=notes, help=help_))
    return found


def without_unknown(
    interpreter: Interpreter, run: RunConfiguration, name: str, definition: StepDef, preset: Setting | None
) -> Setting | None:
    """`parameters=` of a call without what `steps.<name>.parameters` sets in vain; a warning says so.

    What looks like an input stays, and is refused where the inputs are bound.
    """
    own = run.steps[name].get("parameters")
    if own is None or preset is None or not isinstance(preset.value, dict):
        return preset
    inputs = {one.name for one in definition.inputs}
    kept = entries_of(preset.value, preset.span)
    for key, entry in _table(own, f"steps.{name}.parameters").items():
        if key not in inputs and not is_misspelled(key, inputs, entry.name_span):
            from pipec.compiler.frontend.calls import unknown_argument

            kept.pop(key, None)
            fault = unknown_argument(definition.name, key, inputs, entry.name_span)
            interpreter.report(replace(fault, severity=Severity.WARNING, notes=("it has no effect",)))
    return Setting(table_of(kept), preset.span, preset.keyword)


def check_parameters(run: RunConfiguration, name: str, bound: Mapping[str, Setting]) -> None:
    """Refuses a parameter of `steps.<name>` that contradicts the call.

    Raises:
        Fault: the call passes another value.
    """
    preset = run.steps.get(name, {}).get("parameters")
    if preset is None:
        return
    for key, entry in _table(preset, f"steps.{name}.parameters").items():
        passed = bound.get(key)
        if passed is not None and passed.span != entry.span and passed.value != entry.value:
            from pipec.compiler.diagnostics import Label

            raise Fault(
                Diagnostic(
                    "PC0517",
                    f"`steps.{name}.parameters` sets `{key}`, and the call passes another value",
                    entry.span,
                    related=(Label(passed.span, "passed here"),),
                    help="leave one of them out",
                )
            )


def source_of(file: Path, root: Path) -> str:
    """What a file is called in spans: its path from the project root, its name where it lies elsewhere."""
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name

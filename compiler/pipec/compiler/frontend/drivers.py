"""What a driver, the code of a file that starts its pipelines, says about them: schedule and options.

    if __name__ == "__main__":
        training.with_options(schedule=Schedule(cron_expression="0 6 * * *"))()

A driver is arbitrary Python and is never run. Where it starts a pipeline in one way, with values that are known, what it
says counts; where it does not, a note says so. Arguments of the start are not looked at: `-p` gives parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic, Label, Severity
from pipec.compiler.frontend.pipeline_calls import pipeline_name
from pipec.compiler.frontend.run_configuration import find_configuration
from pipec.compiler.frontend.unheard import UNHEARD
from pipec.compiler.frontend.values import Fault, PipelineValue, Symbolic, find_unknown
from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pipec.compiler.frontend.discovery import PipelineDefinition, Place
    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.values import Setting
    from pipec.compiler.source import Span


@dataclass(frozen=True, slots=True)
class Start:
    """A call of a pipeline outside of any pipeline: with which options, and where."""

    pipeline: PipelineValue
    span: Span


def options_of(interpreter: Interpreter, pipeline: PipelineValue, starts: Sequence[Start]) -> dict[str, Setting]:
    """The options with which the file starts `pipeline`, as far as they are known; the rest is noted."""
    own = [one for one in starts if one.pipeline.definition.node is pipeline.definition.node]
    given = [(one, _added(pipeline, one.pipeline)) for one in own]
    if not any(options for _, options in given):
        return {}
    if any(_values(options) != _values(given[0][1]) for _, options in given):
        place = next(one for one, options in given if options)
        all_ = ", ".join(f"`{name}`" for name in dict.fromkeys(name for _, options in given for name in options))
        message = f"the file starts the pipeline in {len(given)} ways, so {all_} of these starts {'have' if ',' in all_ else 'has'} no effect"
        interpreter.report(_note(message, place.span))
        return {}
    counted = dict(given[0][1])
    names = {repr(options["run_name"].value) if "run_name" in options else "" for _, options in given}
    if len(names) > 1:
        counted.pop("run_name", None)
        named = next(options["run_name"] for _, options in given if "run_name" in options)
        message = "the file starts the pipeline under several names, so `run_name` of these starts has no effect"
        interpreter.report(_note(message, named.name_span))
    return _known(interpreter, counted)


def without_configuration(interpreter: Interpreter, driver: Mapping[str, Setting]) -> dict[str, Setting]:
    """The driver's options without its run configuration, where that is faulty: a warning says so.

    Nobody asked for the file by name, and ZenML goes on where a key or a step in it is not known; with `--config` the
    same faults are errors. What else is wrong with the program is found anew.
    """
    faults = [one for one in interpreter.diagnostics if one.is_error and one.span and not one.span.path.endswith(".py")]
    if not faults:
        return dict(driver)
    interpreter.diagnostics = [
        Diagnostic(
            "PC0521",
            f"`config_path` of this start has no effect: {faults[0].message}",
            driver["config_path"].span,
            severity=Severity.WARNING,
            related=(Label(faults[0].span, "here"),) if faults[0].span else (),
            help="mend the file, or name one that fits with `--config`",
        )
    ]
    return {name: one for name, one in driver.items() if name != "config_path"}


def _known(interpreter: Interpreter, options: dict[str, Setting]) -> dict[str, Setting]:
    kept: dict[str, Setting] = {}
    for name, setting in options.items():
        if name in UNHEARD:
            interpreter.report(_note(f"`{name}` of this start has no effect: {UNHEARD[name]}", setting.name_span))
        elif (unknown := find_unknown(setting.value)) is not None:
            why = unknown.diagnostic.message
            interpreter.report(_note(f"`{name}` of this start is not known and has no effect", setting.span, why))
        elif isinstance(setting.value, Symbolic):
            why = "only a run knows it"
            interpreter.report(_note(f"`{name}` of this start is not known and has no effect", setting.span, why))
        elif name == "config_path" and find_configuration(interpreter, setting) is None:
            why = f"`{setting.value}` is no file of the project"
            interpreter.report(_note("`config_path` of this start has no effect", setting.span, why))
        else:
            kept[name] = setting
    return kept


def _added(pipeline: PipelineValue, started: PipelineValue) -> dict[str, Setting]:
    """What the start sets that the pipeline has not set already."""
    return {
        name: setting
        for name, setting in started.options.items()
        if name in started.changed and pipeline.options.get(name) is not setting
    }


def _values(options: dict[str, Setting]) -> dict[str, object]:
    """Comparable values: plain ones as they are, others by what stands in the source."""
    from pipec.compiler.frontend.values import is_known

    return {name: one.value if is_known(one.value) else one.span for name, one in options.items() if name != "run_name"}


def _note(message: str, span: Span, why: str = "") -> Diagnostic:
    return Diagnostic(
        "PC0521",
        message,
        span,
        severity=Severity.NOTE,
        notes=(why,) if why else (),
        help="set it on `@pipeline`, or in a run configuration: `--config run.yaml`",
    )


def starts_of_others(starts: Sequence[Start]) -> list[tuple[Place, Span, bool]]:
    """The pipelines of other files that are started: which, where first, and whether they are given options there."""
    from pipec.compiler.frontend.discovery import roots_of

    found: list[tuple[Place, Span, bool]] = []
    for one in roots_of(started_elsewhere(starts)):
        own = [start for start in starts if start.pipeline.definition.node is one.value.definition.node]
        found.append((one.place, own[0].span, any(_added(one.value, start.pipeline) for start in own)))
    return found


def started_elsewhere(starts: Sequence[Start]) -> list[PipelineDefinition]:
    """The pipelines that a file starts and does not define, each once, in the order of their starts."""
    from pipec.compiler.frontend.discovery import PipelineDefinition

    found: dict[int, PipelineDefinition] = {}
    for start in starts:
        definition = start.pipeline.definition
        if id(definition.node) in found or definition.frame is not None:
            continue
        plain = PipelineValue(
            definition, {k: v for k, v in start.pipeline.options.items() if k not in start.pipeline.changed}
        )
        try:
            name = pipeline_name(plain)
        except Fault:
            continue
        found[id(definition.node)] = PipelineDefinition(definition.qualified_name, name, plain)
    return list(found.values())

"""Reads a run configuration, ZenML's `PipelineRunConfiguration` as YAML, with the place of every key and value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.frontend.configuration_keys import known_keys
from pipec.compiler.frontend.placed import Placed, entries_of
from pipec.compiler.frontend.setting_readers import REFERENCE
from pipec.compiler.frontend.values import Fault, Setting
from pipec.compiler.source import Position, SourceFile, Span, read_bytes

if TYPE_CHECKING:
    from pathlib import Path

_REPLAY = frozenset({"skip_successful_steps", "steps_to_skip", "step_input_overrides", "step_default_input_overrides"})
_SIZE_LIMIT = 1024 * 1024


def read_run_configuration(
    file: Path, name: str, ignored: list[Diagnostic]
) -> tuple[SourceFile | None, dict[str, Setting] | Diagnostic]:
    """The options that a run configuration sets, with the keys of `steps` unread.

    `name` is what the file is called in spans; `ignored` takes warnings of keys that mean
    nothing. The source, to show places with, comes with the options or the first fault.
    """
    try:
        data = read_bytes(file)
        text = data.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        return None, Diagnostic("PC0102", f"`{name}` cannot be read: {getattr(error, 'strerror', None) or error}")
    source = SourceFile(name, text)
    if len(data) > _SIZE_LIMIT:
        return source, Diagnostic("PC0513", f"`{name}` is larger than {_SIZE_LIMIT:,} bytes")
    try:
        options = _options(_read(source), ignored)
    except Fault as fault:
        return source, fault.diagnostic
    return source, options


def _options(whole: Setting, ignored: list[Diagnostic]) -> dict[str, Setting]:
    if whole.value is None:
        return {}
    if not isinstance(whole.value, dict):
        raise Fault(Diagnostic("PC0513", "a run configuration is a table of keys", whole.span))
    options = entries_of(whole.value, whole.span)
    for key, setting in options.items():
        if key in _REPLAY:
            message = f"`{key}` replays a run of a ZenML server, and there is none"
            raise Fault(
                Diagnostic("PC0501", message, setting.name_span, help="`pipec run --resume` goes on with a run")
            )
    kept = known_keys(options, ignored)
    for key, setting in kept.items():
        if key == "steps":
            for name, step in entries_of(
                setting.value if isinstance(setting.value, dict) else {}, setting.span
            ).items():
                _check_references(step, in_environment=False, owner=f"steps.{name}")
        else:
            _check_references(setting, in_environment=key == "environment", owner=key)
    return kept


def _check_references(setting: Setting, *, in_environment: bool, owner: str) -> None:
    """Refuses `${NAME}` where it would put what the compiling machine has into a file."""
    if isinstance(setting.value, dict):
        for key, part in entries_of(setting.value, setting.span).items():
            _check_references(part, in_environment=in_environment or key == "environment", owner=owner)
    elif isinstance(setting.value, list):
        for part in setting.value:
            _check_references(Setting(part, setting.span), in_environment=False, owner=owner)
    elif isinstance(setting.value, str) and not in_environment and (found := REFERENCE.search(setting.value)):
        message = f"`{found.group()}` in `{owner}` would put the environment of this machine into a file"
        help_ = f"write the value, give it with `-p`, or set `environment: {{{found[1]}: ${{{found[1]}}}}}` and read it in the step"
        raise Fault(Diagnostic("PC0514", message, setting.span, help=help_))


def _read(source: SourceFile) -> Setting:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(source.text)
    try:
        node = loader.get_single_node()
        return Setting(None, _whole(source)) if node is None else _value(node, loader, source, 0)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        place = _whole(source) if mark is None else _span(source, mark, None)
        raise Fault(Diagnostic("PC0513", f"`{source.path}` is not valid YAML: {problem}", place)) from None
    except RecursionError:
        raise Fault(Diagnostic("PC0513", f"`{source.path}` is nested too deeply", _whole(source))) from None
    finally:
        loader.dispose()


_DEPTH_LIMIT = 64


def _value(node: Any, loader: Any, source: SourceFile, depth: int) -> Setting:
    """A node of the YAML tree as plain values, tables with the places of their entries."""
    span = _span(source, node.start_mark, node.end_mark)
    if depth > _DEPTH_LIMIT:
        raise Fault(Diagnostic("PC0513", f"this is nested deeper than {_DEPTH_LIMIT} levels", span))
    match node.id:
        case "mapping":
            return Setting(_mapping(node, loader, source, depth), span)
        case "sequence":
            return Setting([_value(one, loader, source, depth + 1).value for one in node.value], span)
        case _:
            return Setting(loader.construct_object(node), span)


def _mapping(node: Any, loader: Any, source: SourceFile, depth: int) -> Placed:
    loader.flatten_mapping(node)  # `<<: *base`
    values: dict[Any, Any] = {}
    places: dict[Any, tuple[Span, Span]] = {}
    merged = {
        id(one) for one, _ in node.value if not node.start_mark.index <= one.start_mark.index < node.end_mark.index
    }
    for key_node, value_node in node.value:
        key = _value(key_node, loader, source, depth + 1)
        if not isinstance(key.value, str | int | float | bool):
            raise Fault(Diagnostic("PC0513", "a key is a text or a number", key.span))
        if key.value in values and id(key_node) not in merged and key.value in places:
            raise Fault(Diagnostic("PC0513", f"`{key.value}` is given twice", key.span))
        value = _value(value_node, loader, source, depth + 1)
        values[key.value] = value.value
        if id(key_node) not in merged:
            places[key.value] = (key.span, value.span)
    return Placed(values, places)


def _span(source: SourceFile, start: Any, end: Any) -> Span:
    """Marks of PyYAML as a span of one line: what goes on over lines is pointed at where it begins."""
    line, column = start.line + 1, start.column + 1
    last = column + 1 if end is None or end.line != start.line else end.column + 1
    if end is not None and end.line != start.line:
        last = len(source.line(line).rstrip()) + 1
    return Span(source.path, Position(line, column), Position(line, max(last, column + 1)))


def _whole(source: SourceFile) -> Span:
    return Span(source.path, Position(1, 1), Position(1, max(2, len(source.line(1)) + 1)))

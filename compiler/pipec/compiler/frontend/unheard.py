"""Options of a run that have no effect: what means something to a ZenML server only, and names that are not known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.compiler.diagnostics import Diagnostic, Severity
from pipec.compiler.frontend.values import Symbolic, find_unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.frontend.interpreter import Interpreter
    from pipec.compiler.frontend.values import Setting

UNHEARD = {
    "build": "it names a build of a ZenML server",
    "unlisted": "it means something to a ZenML server only",
    "prevent_build_reuse": "it means something to a ZenML server only",
}
"""Options that no target has a use for, and why."""


def heard(interpreter: Interpreter, options: Mapping[str, Setting]) -> dict[str, Setting]:
    """The options of a pipeline without those that have no effect; a note is reported for each that asks for something."""
    kept: dict[str, Setting] = {}
    for name, setting in options.items():
        why = _why_not(name, setting)
        if why is None:
            kept[name] = setting
        elif setting.value is not None and setting.value is not False:
            message = f"`{name}` has no effect: {why}"
            interpreter.report(Diagnostic("PC0522", message, setting.name_span, severity=Severity.NOTE))
    return kept


def _why_not(name: str, setting: Setting) -> str | None:
    if name != "run_name":
        return UNHEARD.get(name)
    if find_unknown(setting.value) is not None or isinstance(setting.value, Symbolic):
        return "it is not known when the pipeline is compiled; `{date}` and `{time}` in it are filled in by the run"
    return None

"""Generated programs, compiled for Argo and run by the interpreter of the emitted YAML, mean what Python does."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings

from bodies import PARAMETERS, programs
from pipec.backends.argo_interpreter import submit
from pipec.compiler.driver import compile
from pipec.compiler.ir.constants import encode
from pipec.runtime import codec
from plain_bodies import run_python

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def check(program: str, parameters: dict[str, Any]) -> str:
    """Compares the two; returns "refused", "raises" or "agrees"."""
    note(program)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "program.py"
        file.write_text(program, encoding="utf-8")
        compilation = compile(file, "argo", pipeline="p")
        errors = [one for one in compilation.diagnostics if one.is_error]
        assert not [one for one in errors if one.code.startswith(("PC04", "PC09"))], errors
        if errors:
            return "refused"
        (pipeline,) = compilation.pipelines
        frozen = {name: codec.decode(one.value) for name, one in pipeline.frozen.items()}
        parameters = {**parameters, **frozen}
        note(repr(parameters))
        try:
            expected, _ = run_python(program, parameters)
        except (NameError, ZeroDivisionError, ValueError):
            return "raises"
        text = compilation.files[0].text
        note(text.partition("\n---\n")[0])
        given = {name: codec.text(encode(value)) for name, value in parameters.items()}
        declared = {parameter.name for parameter in pipeline.parameters}
        run = submit(text, Path(folder) / "run", {name: text for name, text in given.items() if name in declared})
        note("\n".join(f"{name} {one.phase} {one.message} {one.log[-500:]}" for name, one in run.nodes.items()))
        assert run.phase == "Succeeded"
        (output,) = run.outputs.parameters.values()
        assert json.loads(output) == expected
    return "agrees"


@settings(max_examples=8, phases=[Phase.generate], suppress_health_check=SLOW, deadline=None, derandomize=True)
@given(programs(), PARAMETERS)
def test_programs_mean_what_python_does(program: str, parameters: dict[str, Any]) -> None:
    check(program, parameters)


@pytest.mark.soak
@settings(max_examples=300, suppress_health_check=SLOW, deadline=None)
@given(programs(), PARAMETERS)
def test_programs_mean_what_python_does_at_length(program: str, parameters: dict[str, Any]) -> None:
    check(program, parameters)

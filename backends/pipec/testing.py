"""Running pipelines in a project's own tests.

from pipec.testing import run

def test_training():
result = run(training, {"rate": 0.1}, replace={"load": lambda: SMALL})
assert result.state == "succeeded"
assert result.outputs["accuracy"] > 0.5
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipec.backends.local.called import load, program_of
from pipec.backends.local.options import Options
from pipec.backends.local.result import RunResult
from pipec.backends.local.run import run as run_pipeline
from pipec.compiler.record import replace as changed
from pipec.sdk.pipelines import Pipeline

__all__ = ["RunResult", "run"]


def run(
    pipeline: Pipeline[..., Any],
    parameters: Mapping[str, Any] | None = None,
    *,
    replace: Mapping[str, Callable[..., Any]] | None = None,
    root: str | Path | None = None,
) -> RunResult:
    """Run a pipeline as `pipec run` does, with other functions in place of some of its steps.

    Args:
        pipeline: a `@pipeline` at the top of a module.
        parameters: values by name.
        replace: functions by the name of a step, or by the id of one call. They get what the step gets, return what it
            returns, and are called in this process, so that mocks and closures work.
        root: the store; by default one that is gone afterwards, so that nothing is reused.

    Returns:
        How the run ended. `outputs` has every output that was made, loaded. A failed step is no exception here: see
        `state`, `operations` and `failures`.

    Raises:
        ValueError: `replace` names a step that the pipeline does not call.
        NotCompiled: the pipeline has faults, which were printed.
        CannotRun: a parameter is missing or wrong.
    """
    program = program_of(pipeline.__wrapped__)
    with tempfile.TemporaryDirectory(prefix="pipec-test-", ignore_cleanup_errors=True) as folder:
        options = Options(
            import_roots=program.import_roots,
            root=str(root or folder),
            use_cache=root is not None and not replace,
            source=program.source,
            replaced=dict(replace or {}),
        )
        result = run_pipeline(program.pipeline, program.project.root, parameters, options=options)
        values = {name: load(stored) for name, stored in result.stored.items()}
        order = [output.name for output in program.pipeline.outputs]
        outputs = {
            name: value
            for name in order
            for value in [{**result.outputs, **values}.get(name, order)]
            if value is not order
        }
        return changed(result, outputs=outputs)

"""The backend object of the target `airflow`."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from pipec.backends.airflow.emit import emit
from pipec.backends.airflow.ledger import LEDGER
from pipec.backends.airflow.legalize import legalize
from pipec.compiler.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.backends.airflow.model import Dag
    from pipec.compiler.backend import GeneratedFile, Ledger, Option, Request
    from pipec.compiler.ir.model import Pipeline


class AirflowBackend:
    """Writes `<name>.py`, and `<name>.pipec/` with the code that its steps run."""

    name = "airflow"
    title = "Apache Airflow 3.0 to 3.3"
    directory = "dags"
    options: tuple[Option, ...] = ()
    ledger: Ledger = LEDGER

    def legalize(self, pipeline: Pipeline, request: Request) -> tuple[Dag | None, Sequence[Diagnostic]]:
        """See `pipec.compiler.backend.Backend`."""
        return legalize(pipeline, request)

    def emit(self, model: Dag, request: Request) -> Sequence[GeneratedFile]:
        """See `pipec.compiler.backend.Backend`."""
        del request
        return emit(model)

    def check(self, files: Sequence[GeneratedFile]) -> Sequence[Diagnostic]:
        """The DAG file must be Python, and hold the words without which Airflow passes it over in silence."""
        main = files[0]
        try:
            ast.parse(main.text)
        except SyntaxError as error:
            return [Diagnostic("PC0902", f"`{main.path}`, line {error.lineno}: {error.msg}")]
        if "airflow" not in main.text or "DAG" not in main.text:
            return [Diagnostic("PC0902", f"`{main.path}` would be passed over by Airflow's safe mode")]
        return []

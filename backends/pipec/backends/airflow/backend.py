"""The backend object of the target `airflow`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipec.backends.airflow.check import check
from pipec.backends.airflow.emit import emit
from pipec.backends.airflow.ledger import LEDGER
from pipec.backends.airflow.legalize import legalize
from pipec.compiler.backend import Option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.backends.airflow.model import Dag
    from pipec.compiler.backend import GeneratedFile, Ledger, Request
    from pipec.compiler.diagnostics import Diagnostic
    from pipec.compiler.ir.model import Pipeline


class AirflowBackend:
    """Writes `<name>.py`, and `<name>.pipec/` with the code that its steps run."""

    name = "airflow"
    title = "Apache Airflow 3.0 to 3.3, 2.11 by option"
    directory = "dags"
    options: tuple[Option, ...] = (
        Option(
            "code",
            "how code travels: `image`, or `inline` in a folder beside the DAG file, for steps that run on the worker; by "
            "default what the Docker settings ask for",
            choices=("inline", "image"),
        ),
        Option(
            "operator",
            "what starts images: `docker` on the worker's machine, or `kubernetes`, a pod for each step; `docker` by default",
            choices=("docker", "kubernetes"),
        ),
        Option("network", "network mode of the containers that `docker` starts; by default that of the engine"),
        Option("namespace", "namespace of the pods; by default that of the connection"),
        Option("pool", "pool of all tasks; a step's own is in its `operator_args`"),
        Option("queue", "queue of all tasks; a step's own is in its `operator_args`"),
        Option("owner", "owner of all tasks; by default Airflow's own"),
        Option(
            "artifact_root", "the store: an fsspec URL, or a folder that all workers share; by default the workers' own"
        ),
        Option(
            "artifact_secret", "an Airflow Variable whose keys become variables of every step, to reach the store with"
        ),
        Option(
            "airflow_version",
            "the release that reads the file: `3`, `2` (2.11), or `both`, which tries the names of 3 first",
            default="3",
            choices=("3", "2", "both"),
        ),
        Option("python", "path of the interpreter on the workers that runs the steps; by default the worker's own"),
    )
    ledger: Ledger = LEDGER

    def legalize(self, pipeline: Pipeline, request: Request) -> tuple[Dag | None, Sequence[Diagnostic]]:
        """See `pipec.compiler.backend.Backend`."""
        return legalize(pipeline, request)

    def emit(self, model: Dag, request: Request) -> Sequence[GeneratedFile]:
        """See `pipec.compiler.backend.Backend`."""
        del request
        return emit(model)

    def check(self, files: Sequence[GeneratedFile]) -> Sequence[Diagnostic]:
        """See `pipec.compiler.backend.Backend`."""
        return check(files)

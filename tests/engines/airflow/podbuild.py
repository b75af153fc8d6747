"""Build the pods of a DAG's tasks with KubernetesPodOperator's own code. Runs in Airflow's environment; no cluster is asked.

    python podbuild.py REQUEST.json RESPONSE.json

The request is `{"path": DAG file}`; the response `[{"task_id", "pod": manifest, "document": the invocation that the pod is given}, …]`,
one for each step. Each task executes as it would in a run, with `1` for whatever it reads of others, up to where the
operator has built the pod and would ask the cluster for it.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import sys
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any


class Built(Exception):
    """The pod is there."""


def built(task: Any) -> dict[str, Any]:
    from kubernetes.client import ApiClient

    pods: list[Any] = []

    def get_or_create_pod(pod_request_obj: Any, context: Any) -> None:
        pods.append(pod_request_obj)
        raise Built

    context = {
        "ti": SimpleNamespace(
            task_id=task.task_id,
            dag_id=task.dag_id,
            run_id="run",
            try_number=1,
            map_index=-1,
            xcom_push=lambda **_: None,
        ),
        "dag_run": SimpleNamespace(start_date=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)),
        "run_id": "run",
        "params": {name: param.value for name, param in task.dag.params.items()},
    }
    task.inputs = dict.fromkeys(task.inputs, "1")
    # What labels say of the run is Airflow's own affair.
    task._get_ti_pod_labels = lambda *_, **__: {}
    task.name = task._set_name(task.task_id)
    task.random_name_suffix = False
    task.get_or_create_pod = get_or_create_pod
    # The operator asks the cluster before it builds the pod whether one is left from an earlier attempt.
    task.durable = task.reattach_on_restart = False
    task.__dict__["hook"] = SimpleNamespace(
        is_in_cluster=False,
        get_namespace=lambda: "airflow",
        get_xcom_sidecar_container_image=lambda: None,
        get_xcom_sidecar_container_resources=lambda: None,
        get_xcom_sidecar_container_security_context=lambda: None,
    )
    try:
        task.execute(context)
    except RuntimeError as failed:
        if not isinstance(failed.__cause__, Built):
            raise
    (pod,) = pods
    manifest = ApiClient().sanitize_for_serialization(pod)
    parts: dict[str, str] = {}
    for container in manifest["spec"]["containers"]:
        for variable in container.get("env", ()):
            if variable["name"].startswith("PIPEC_INVOCATION_"):
                parts[variable["name"]] = variable["value"]
                variable["value"] = "(below)"
    document = json.loads(zlib.decompress(base64.b64decode("".join(parts[name] for name in sorted(parts)))))
    return {"task_id": task.task_id, "pod": manifest, "document": document}


def main(asked: str, answered: str) -> None:
    from airflow.dag_processing.dagbag import DagBag

    path = Path(json.loads(Path(asked).read_text(encoding="utf-8"))["path"])
    bag = DagBag(dag_folder=path)
    (dag,) = bag.dags.values()
    results = [built(task) for task in dag.tasks if getattr(task, "role", None) == "launch"]
    Path(answered).write_text(json.dumps({"results": results}), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])

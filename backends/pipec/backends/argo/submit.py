"""`pipec submit --target argo`: applies the objects of a file, starts a run of its template and waits for it.

    ConfigMap churn-code-d9b114aacca6: created
    WorkflowTemplate churn: changed
    Workflow churn-4f1c09ab: started

An object is applied on the server, as `kubectl apply --server-side` does it: twice is once. A run has its name before
it is sent, so that an answer that got lost does not start a second one; with `--run-name` that holds between calls too.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

from pipec.backends.argo import names
from pipec.backends.argo.cluster import open_cluster
from pipec.backends.argo.text import number
from pipec.compiler.lazy import pattern
from pipec.compiler.submission import SubmissionFailed
from pipec.compiler.yaml_reader import read_back

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.backends.argo.cluster import Cluster
    from pipec.compiler.submission import Submission

_NAME = pattern(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SHORTEST, _LONGEST = 1.0, 15.0
"""Seconds between two looks at a run."""


def submit(submission: Submission) -> bool:
    """See `pipec.compiler.submission.Submitter`."""
    (file,) = submission.files
    documents: list[dict[str, Any]] = list(read_back(file.text))
    main = documents[0]
    cluster = open_cluster(submission, _namespace(main, submission.namespace))
    run = _run(main["metadata"]["name"], submission)
    # What is named by others comes first: the code, the libraries from which a template takes its steps.
    order = {"ConfigMap": 0, "WorkflowTemplate": 1, "CronWorkflow": 3}
    for document in sorted(documents, key=lambda one: 2 if one is main else order[one["kind"]]):
        _say(submission, document, cluster.apply(document, takes_over=submission.takes_over))
    if not submission.starts:
        return True
    if cluster.create(run):
        _say(submission, run, "started")
    else:
        _check_same(cluster, run)
        _say(submission, run, "is there already")
    return _wait(cluster, run, submission) if submission.waits else True


def _namespace(main: Mapping[str, Any], asked: str | None) -> str | None:
    named: str | None = main["metadata"].get("namespace")
    if named is not None and asked is not None and named != asked:
        raise SubmissionFailed(f"the file is for namespace {named} (option `namespace`), not for {asked}")
    return named or asked


def _run(template: str, submission: Submission) -> dict[str, Any]:
    name = submission.run_name
    if name is None:
        name = f"{template[: names.LONGEST_OBJECT - 9].rstrip('-')}-{secrets.token_hex(4)}"
    elif not _NAME.fullmatch(name) or len(name) > names.LONGEST_OBJECT:
        raise SubmissionFailed(f"`{name}` is no name of a Workflow: lower-case letters, digits and `-`, 63 at most")
    spec: dict[str, Any] = {"workflowTemplateRef": {"name": template}}
    if submission.parameters:
        given = [{"name": names.parameter(key), "value": number(value)} for key, value in submission.parameters.items()]
        spec["arguments"] = {"parameters": given}
    labels = {"workflows.argoproj.io/workflow-template": template}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
    }


def _check_same(cluster: Cluster, run: Mapping[str, Any]) -> None:
    there = cluster.read("Workflow", run["metadata"]["name"])
    spec: Mapping[str, Any] = {} if there is None else there["spec"]
    if any(spec.get(field, {}) != run["spec"].get(field, {}) for field in ("workflowTemplateRef", "arguments")):
        name = run["metadata"]["name"]
        raise SubmissionFailed(f"Workflow {name} is there, of another template or with other parameters: name another")


def _wait(cluster: Cluster, run: Mapping[str, Any], submission: Submission) -> bool:
    name = run["metadata"]["name"]
    pause = _SHORTEST
    while True:
        there = cluster.read("Workflow", name)
        if there is None:
            raise SubmissionFailed(f"Workflow {name} was deleted before it ended")
        status: Mapping[str, Any] = there.get("status") or {}
        phase = status.get("phase")
        if phase in ("Succeeded", "Failed", "Error"):
            message = f": {status['message']}" if status.get("message") else ""
            if phase != "Succeeded" or not submission.is_quiet:
                print(f"Workflow {name}: {phase.lower()}{message}", flush=True)
            return bool(phase == "Succeeded")
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST)


def _say(submission: Submission, document: Mapping[str, Any], what: str) -> None:
    if not submission.is_quiet:
        print(f"{document['kind']} {document['metadata']['name']}: {what}", flush=True)

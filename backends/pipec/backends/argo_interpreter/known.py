"""The fields that the interpreter knows, object by object: everything else is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipec.backends.argo_interpreter.faults import Refused

FIELDS: Mapping[str, str] = {
    "spec": "entrypoint arguments volumes templateDefaults templates activeDeadlineSeconds parallelism onExit "
    "serviceAccountName imagePullSecrets ttlStrategy workflowMetadata podMetadata podGC artifactGC nodeSelector "
    "tolerations affinity priorityClassName podPriorityClassName securityContext automountServiceAccountToken "
    "schedulerName imagePullPolicy",
    "template": "name inputs dag container outputs activeDeadlineSeconds retryStrategy parallelism metadata nodeSelector "
    "tolerations affinity serviceAccountName securityContext schedulerName priorityClassName volumes "
    "automountServiceAccountToken failFast podSpecPatch",
    "inputs": "parameters artifacts",
    "outputs": "parameters artifacts",
    "input parameter": "name default description enum value",
    "input artifact": "name path optional archive s3 raw",
    "output parameter": "name valueFrom",
    "valueFrom": "path parameter expression default",
    "output artifact": "name path archive s3 from fromExpression optional",
    "dag": "tasks failFast",
    "task": "name template templateRef depends arguments when withSequence withParam withItems",
    "arguments": "parameters artifacts",
    "argument parameter": "name value description enum",
    "argument artifact": "name from fromExpression s3 optional archive",
    "sequence": "count start end format",
    "container": "image command args env envFrom resources volumeMounts imagePullPolicy workingDir securityContext",
    "retryStrategy": "limit backoff retryPolicy expression",
    "backoff": "duration factor cap maxDuration",
}
"""What changes where a pod runs or who cleans up after it, but no result, is known and without effect."""


def know(kind: str, value: Mapping[str, Any]) -> None:
    """Refuses an object with a field that is not in the table.

    Raises:
        Refused: names the fields.
    """
    unknown = set(value) - set(FIELDS[kind].split())
    if unknown:
        raise Refused(f"{kind}: {', '.join(sorted(unknown))}")


def know_template(template: Mapping[str, Any]) -> None:
    """`know` for a template and all that is in it."""
    know("template", template)
    for side in ("inputs", "outputs"):
        group = template.get(side, {})
        know(side, group)
        for kind in ("parameter", "artifact"):
            for entry in group.get(f"{kind}s", []):
                know(f"{side[:-1]} {kind}", entry)
                know("valueFrom", entry.get("valueFrom", {}))
    know("container", template.get("container", {}))
    retry = template.get("retryStrategy", {})
    know("retryStrategy", retry)
    know("backoff", retry.get("backoff", {}))
    dag = template.get("dag", {"tasks": []})
    know("dag", dag)
    for task in dag["tasks"]:
        know("task", task)
        know("sequence", task.get("withSequence", {}))
        know("arguments", task.get("arguments", {}))
        for kind in ("parameter", "artifact"):
            for entry in task.get("arguments", {}).get(f"{kind}s", []):
                know(f"argument {kind}", entry)

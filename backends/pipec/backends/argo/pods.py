"""Settings of the Kubernetes orchestrator as fields of Argo: those of a step's pod, those of the run.

Before:   settings={"orchestrator": KubernetesOrchestratorSettings(pod_settings=KubernetesPodSettings(
              node_selectors={"gpu": "a100"}, env=[{"name": "A", "value": "b"}], host_ipc=True))}
After:    template   nodeSelector: {gpu: a100}   podSpecPatch: '{"hostIPC": true}'
          container  env: [{name: A, value: b}]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from pipec.backends.argo.text import enc
from pipec.compiler.yaml_text import Flow

if TYPE_CHECKING:
    from pipec.compiler.ir.config import Config
    from pipec.compiler.ir.values import Json
    from pipec.compiler.yaml_text import Yaml

    Fields = Mapping[str, Json]

KEYS = ("orchestrator", "orchestrator.kubernetes")
_TEMPLATE = {
    "node_selectors": "nodeSelector",
    "affinity": "affinity",
    "tolerations": "tolerations",
    "scheduler_name": "schedulerName",
    "volumes": "volumes",
}
_POD = {"resources", "annotations", "volume_mounts", "host_ipc", "image_pull_secrets", "labels", "env", "env_from"} | {
    "container_security_context",
    "additional_pod_spec_args",
    *_TEMPLATE,
}
_STEP = {"service_account_name", "step_pod_service_account_name", "privileged", "pod_settings"}
_RUN = {
    "max_parallelism",
    "successful_jobs_history_limit",
    "failed_jobs_history_limit",
    "concurrency_policy",
    "starting_deadline_seconds",
    "ttl_seconds_after_finished",
}
_MEANINGLESS = {
    "synchronous",
    "orchestrator_pod_settings",
    "job_name_prefix",
    "fail_on_container_waiting_reasons",
    "job_monitoring_interval",
    "job_monitoring_delay",
    "interrupt_check_interval",
    "prevent_orchestrator_pod_caching",
    "always_build_pipeline_image",
    "api_request_timeout",
    "max_api_retries",
}
"""What is about ZenML's own orchestrator pod and its clients, which Argo does not have."""


def settings_of(config: Config) -> dict[str, Json]:
    """The fields that are set, those under the longer key over those under the shorter one."""
    found: dict[str, Json] = {}
    for key in KEYS:
        found |= {name: value for name, value in config.settings.get(key, {}).items() if value not in _UNSET}
    return found


_UNSET: tuple[Json, ...] = (None, False, "", [], {}, ())


def _pod(config: Config) -> dict[str, Json]:
    pod = settings_of(config).get("pod_settings")
    if not isinstance(pod, Mapping):
        return {}
    return {name: value for name, value in pod.items() if value not in _UNSET}


def not_honoured(config: Config) -> list[str]:
    """The names of settings that Argo has no word for, as they are written."""
    others = [key for key, fields in config.settings.items() if key not in KEYS and fields]
    unknown = set(settings_of(config)) - _STEP - _RUN - _MEANINGLESS
    return [*others, *sorted(unknown), *(f"pod_settings.{name}" for name in sorted(set(_pod(config)) - _POD))]


def live(config: Config) -> str | None:
    """The first text in the settings that Argo would take for a tag."""
    pending: list[Json] = [settings_of(config)]
    while pending:
        match pending.pop():
            case str() as text if "{{" in text:
                return text
            case Mapping() as fields:
                pending += [*fields, *fields.values()]
            case list() | tuple() as items:
                pending += items
            case _:
                pass
    return None


def template_fields(config: Config) -> dict[str, Yaml]:
    """Fields of the step's template."""
    settings, pod = settings_of(config), _pod(config)
    fields: dict[str, Yaml] = {}
    metadata: dict[str, Yaml] = {name: Flow(_texts(pod[name])) for name in ("labels", "annotations") if name in pod}
    if metadata:
        fields["metadata"] = metadata
    account = settings.get("step_pod_service_account_name") or settings.get("service_account_name")
    if account:
        fields["serviceAccountName"] = str(account)
    for name, field in _TEMPLATE.items():
        if name in pod:
            fields[field] = pod[name]
    patch = dict(cast("Fields", pod.get("additional_pod_spec_args", {})))
    if "host_ipc" in pod:
        patch["hostIPC"] = True
    if isinstance(secrets := pod.get("image_pull_secrets"), Sequence):
        patch["imagePullSecrets"] = [{"name": name} for name in secrets]
    if patch:
        fields["podSpecPatch"] = enc(patch)
    return fields


def _texts(value: Json) -> dict[str, Yaml]:
    """Labels and annotations are texts; a manifest may hold a number."""
    return {str(name): str(text) for name, text in cast("Fields", value).items()}


def container_fields(config: Config) -> dict[str, Yaml]:
    """Fields of the step's container, to be joined with those that its other settings give."""
    settings, pod = settings_of(config), _pod(config)
    fields: dict[str, Yaml] = {}
    for name, field in (("env", "env"), ("env_from", "envFrom"), ("volume_mounts", "volumeMounts")):
        if isinstance(listed := pod.get(name), Sequence):
            fields[field] = [Flow(cast("Fields", each)) for each in listed]
    security = dict(cast("Fields", pod.get("container_security_context", {})))
    if settings.get("privileged"):
        security["privileged"] = True
    if security:
        fields["securityContext"] = security
    return fields


def resources(config: Config) -> dict[str, dict[str, str]]:
    """`requests` and `limits` of the container."""
    given = cast("Mapping[str, Fields]", _pod(config).get("resources", {}))
    return {kind: {name: str(amount) for name, amount in amounts.items()} for kind, amounts in given.items()}


def run_fields(config: Config) -> dict[str, Yaml]:
    """Fields of the spec of each run."""
    settings = settings_of(config)
    fields: dict[str, Yaml] = {}
    if "max_parallelism" in settings:
        fields["parallelism"] = settings["max_parallelism"]
    if "ttl_seconds_after_finished" in settings:
        fields["ttlStrategy"] = Flow({"secondsAfterCompletion": settings["ttl_seconds_after_finished"]})
    return fields


def cron_fields(config: Config) -> dict[str, Yaml]:
    """Fields of the CronWorkflow."""
    names = {
        "concurrency_policy": "concurrencyPolicy",
        "starting_deadline_seconds": "startingDeadlineSeconds",
        "successful_jobs_history_limit": "successfulJobsHistoryLimit",
        "failed_jobs_history_limit": "failedJobsHistoryLimit",
    }
    settings = settings_of(config)
    return {field: settings[name] for name, field in names.items() if name in settings}

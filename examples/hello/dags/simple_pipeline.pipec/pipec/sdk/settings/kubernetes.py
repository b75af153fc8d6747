"""Pods and jobs (ZenML 0.98, `zenml.integrations.kubernetes`)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pipec.sdk._convert import NonNegativeInt, PositiveFloat, PositiveInt
from pipec.sdk.settings.base import BaseSettings


def as_manifest(value: Any) -> Any:
    """A model of the `kubernetes` client as the camelCase dict of a manifest; anything else as it is."""
    names = getattr(value, "attribute_map", None)
    if isinstance(names, dict):
        fields: dict[str, str] = names  # pyright: ignore[reportUnknownVariableType]
        pairs = {key: getattr(value, name) for name, key in fields.items()}
        return {key: as_manifest(each) for key, each in pairs.items() if each is not None}
    if isinstance(value, dict):
        return {key: as_manifest(each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType]
    return [as_manifest(each) for each in value] if isinstance(value, list) else value  # pyright: ignore


class KubernetesPodSettings(BaseSettings):
    """The pod of a step. Kubernetes objects are manifests (camelCase) or models of the `kubernetes` client.

    Attributes:
        node_selectors: labels that the node must have.
        affinity: `affinity` of the pod.
        tolerations: `tolerations` of the pod.
        resources: `requests` and `limits` of the container, as Kubernetes quantities.
        annotations: annotations of the pod.
        volumes: `volumes` of the pod.
        volume_mounts: `volumeMounts` of the container.
        host_ipc: use the host's IPC namespace.
        scheduler_name: scheduler of the pod.
        image_pull_secrets: names of secrets for the registry.
        labels: labels of the pod.
        env: `env` of the container.
        env_from: `envFrom` of the container.
        container_security_context: `securityContext` of the container.
        additional_pod_spec_args: further fields of the pod's `spec`.
    """

    node_selectors: dict[str, str] = {}
    affinity: dict[str, Any] = {}
    tolerations: list[dict[str, Any]] = []
    resources: dict[str, dict[str, Any]] = {}
    annotations: dict[str, str] = {}
    volumes: list[dict[str, Any]] = []
    volume_mounts: list[dict[str, Any]] = []
    host_ipc: bool = False
    scheduler_name: str | None = None
    image_pull_secrets: list[str] = []
    labels: dict[str, str] = {}
    env: list[dict[str, Any]] = []
    env_from: list[dict[str, Any]] = []
    container_security_context: dict[str, Any] = {}
    additional_pod_spec_args: dict[str, Any] = {}

    @classmethod
    def _migrate(cls, values: dict[str, Any]) -> dict[str, Any]:
        return {name: as_manifest(value) for name, value in super()._migrate(values).items()}


class KubernetesOrchestratorSettings(BaseSettings):
    """How ZenML's Kubernetes orchestrator runs jobs; the Argo target reads what it has a word for.

    Attributes:
        synchronous: the client waits for the run.
        service_account_name: service account of the orchestrator's pod.
        step_pod_service_account_name: service account of the steps' pods.
        privileged: run containers privileged.
        pod_settings: pods of the steps.
        orchestrator_pod_settings: pod of the orchestrator.
        job_name_prefix: prefix of job names.
        max_parallelism: most steps at a time.
        successful_jobs_history_limit: successful scheduled jobs that are kept.
        failed_jobs_history_limit: failed scheduled jobs that are kept.
        concurrency_policy: what a scheduled run does while another one runs.
        starting_deadline_seconds: how late a scheduled run may start, in seconds.
        ttl_seconds_after_finished: how long finished jobs are kept, in seconds.
        active_deadline_seconds: longest run of a job, in seconds.
        backoff_limit_margin: starts of a pod beyond the retries of its step.
        orchestrator_job_backoff_limit: retries of the orchestrator's job.
        fail_on_container_waiting_reasons: waiting reasons that fail a job at once.
        job_monitoring_interval: seconds between checks of a job's pods.
        job_monitoring_delay: seconds between checks of two jobs.
        interrupt_check_interval: seconds between checks for interruption, 0.5 or above.
        pod_failure_policy: `podFailurePolicy` of the job.
        prevent_orchestrator_pod_caching: no caching in the orchestrator's pod.
        always_build_pipeline_image: build the pipeline's image even if no step uses it.
        pod_stop_grace_period: seconds that a stopped pod gets.
        api_request_timeout: longest API request, in seconds.
        max_api_retries: retries of an API request.
    """

    ALIASES: ClassVar[dict[str, str]] = {"pod_name_prefix": "job_name_prefix"}
    REMOVED: ClassVar[tuple[str, ...]] = (
        "timeout",
        "stream_step_logs",
        "pod_startup_timeout",
        "pod_failure_max_retries",
        "pod_failure_retry_delay",
        "pod_failure_backoff",
    )

    synchronous: bool = True
    service_account_name: str | None = None
    step_pod_service_account_name: str | None = None
    privileged: bool = False
    pod_settings: KubernetesPodSettings | None = None
    orchestrator_pod_settings: KubernetesPodSettings | None = None
    job_name_prefix: str | None = None
    max_parallelism: PositiveInt | None = None
    successful_jobs_history_limit: NonNegativeInt | None = None
    failed_jobs_history_limit: NonNegativeInt | None = None
    concurrency_policy: Literal["Allow", "Forbid", "Replace"] | None = None
    starting_deadline_seconds: NonNegativeInt | None = None
    ttl_seconds_after_finished: NonNegativeInt | None = None
    active_deadline_seconds: NonNegativeInt | None = None
    backoff_limit_margin: NonNegativeInt = 0
    orchestrator_job_backoff_limit: NonNegativeInt = 3
    fail_on_container_waiting_reasons: list[str] | None = [
        "InvalidImageName",
        "ErrImagePull",
        "ImagePullBackOff",
        "CreateContainerConfigError",
    ]
    job_monitoring_interval: PositiveFloat = 3.0
    job_monitoring_delay: PositiveFloat = 0.0
    interrupt_check_interval: PositiveFloat = 1.0
    pod_failure_policy: dict[str, Any] | None = None
    prevent_orchestrator_pod_caching: bool = False
    always_build_pipeline_image: bool = False
    pod_stop_grace_period: PositiveInt = 30
    api_request_timeout: PositiveInt | None = None
    max_api_retries: NonNegativeInt = 3

    @classmethod
    def _migrate(cls, values: dict[str, Any]) -> dict[str, Any]:
        values = {name: as_manifest(value) for name, value in super()._migrate(values).items()}
        if isinstance(values.get("concurrency_policy"), str):
            values["concurrency_policy"] = values["concurrency_policy"].strip().capitalize()
        return values

    def _check(self) -> None:
        if self.interrupt_check_interval < 0.5:
            raise ValueError("KubernetesOrchestratorSettings.interrupt_check_interval must be 0.5 or above")

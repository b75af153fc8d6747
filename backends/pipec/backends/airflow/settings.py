"""Settings of ZenML's Airflow and Kubernetes orchestrators, as arguments of `DAG` and of a task's operator.

Before:   settings={"orchestrator.airflow": AirflowOrchestratorSettings(operator_args={"pool": "gpu"})}
After:    train = step("train", {…}, pool="gpu")

Before:   settings={"orchestrator": KubernetesOrchestratorSettings(service_account_name="ml", pod_settings=KubernetesPodSettings(
              node_selectors={"gpu": "a100"}, tolerations=[{"key": "gpu", "operator": "Exists"}]))}
After:    service_account_name="ml", node_selector={"gpu": "a100"},
          pod_template_dict={"spec": {"tolerations": [{"key": "gpu", "operator": "Exists"}], "containers": [{"name": "base"}]}}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from pipec.backends.airflow.literals import Brackets, Node, call, literal, quoted
from pipec.compiler.diagnostics import Diagnostic
from pipec.compiler.ir.walk import calls

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pipec.backends.airflow.runner import Operator, Runner
    from pipec.compiler.ir.config import Config
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.ir.values import Json
    from pipec.compiler.source import Span

    Fields = Mapping[str, Json]

KEYS = ("orchestrator", "orchestrator.kubernetes", "orchestrator.airflow")
_DAG = frozenset(
    "max_active_runs max_consecutive_failed_dag_runs owner_links is_paused_upon_creation access_control "
    "dag_display_name description".split()
)
"""What of `dag_args` a file takes over; the rest has a word of its own, or is no JSON."""

_TASK = frozenset(
    "owner pool pool_slots queue priority_weight weight_rule executor depends_on_past wait_for_downstream "
    "max_active_tis_per_dag email email_on_failure email_on_retry task_display_name".split()
)
_DOCKER = frozenset(
    "api_version docker_url docker_conn_id force_pull network_mode tls_ca_cert tls_client_cert tls_client_key tls_verify "
    "tls_hostname user dns dns_search shm_size tty hostname privileged cap_add extra_hosts ipc_mode timeout "
    "log_opts_max_size log_opts_max_file labels entrypoint".split()
)
_POD_OPERATOR = frozenset(
    "kubernetes_conn_id namespace in_cluster cluster_context config_file startup_timeout_seconds schedule_timeout_seconds "
    "get_logs image_pull_policy service_account_name automount_service_account_token hostnetwork priority_class_name "
    "runtime_class_name schedulername dnspolicy on_finish_action labels annotations node_selector termination_grace_period "
    "log_events_on_failure active_deadline_seconds random_name_suffix".split()
)
_ARGUMENTS: Mapping[str, frozenset[str]] = {
    "python": _TASK,
    "docker": _TASK | _DOCKER,
    "kubernetes": _TASK | _POD_OPERATOR,
}
_AIRFLOW = frozenset({"dag_output_dir", "dag_id", "dag_tags", "dag_args", "operator", "operator_args"})
_OF_PODS = frozenset({"service_account_name", "step_pod_service_account_name", "privileged", "pod_settings"})
_MEANINGLESS = frozenset(
    "synchronous orchestrator_pod_settings job_name_prefix fail_on_container_waiting_reasons job_monitoring_interval "
    "job_monitoring_delay interrupt_check_interval prevent_orchestrator_pod_caching always_build_pipeline_image "
    "api_request_timeout max_api_retries successful_jobs_history_limit failed_jobs_history_limit".split()
)
"""What is about ZenML's own orchestrator pod and its clients."""

_UNSET: tuple[Json, ...] = (None, False, "", [], {}, ())
_OPERATORS: Mapping[Json, Operator] = {"docker": "docker", "kubernetes_pod": "kubernetes"}
_SPEC = {"affinity": "affinity", "tolerations": "tolerations", "volumes": "volumes", "scheduler_name": "schedulerName"}
_CONTAINER = {
    "volume_mounts": "volumeMounts",
    "env": "env",
    "env_from": "envFrom",
    "container_security_context": "securityContext",
}
_OPEN = ("{{", "{%", "{#")
_READ_AS_FILES = (".sh", ".bash", ".env")


def settings_of(config: Config) -> dict[str, Json]:
    """The fields that are set, those under a longer key over those under a shorter one."""
    found: dict[str, Json] = {}
    for key in KEYS:
        found |= {name: value for name, value in config.settings.get(key, {}).items() if value not in _UNSET}
    return found


def _table(value: Json) -> dict[str, Json]:
    return dict(value) if isinstance(value, Mapping) else {}


def operator_of(pipeline: Pipeline) -> Operator | None:
    """What the settings name to run the steps in their images."""
    return _OPERATORS.get(settings_of(pipeline.config).get("operator"))


def dag_id(pipeline: Pipeline) -> str:
    """What the DAG is to be called."""
    return str(settings_of(pipeline.config).get("dag_id") or pipeline.name)


def dag_tags(config: Config) -> list[str]:
    """Tags of the DAG alone."""
    listed = settings_of(config).get("dag_tags")
    return [str(tag) for tag in listed] if isinstance(listed, Sequence) and not isinstance(listed, str) else []


def dag_arguments(pipeline: Pipeline) -> dict[str, Node]:
    """Further arguments of `DAG`."""
    given = _table(settings_of(pipeline.config).get("dag_args"))
    return {name: literal(value) for name, value in given.items() if name in _DAG}


def default_arguments(pipeline: Pipeline, operator: Operator) -> dict[str, Json]:
    """What the operators of all tasks are given."""
    given = _table(settings_of(pipeline.config).get("operator_args"))
    return {name: value for name, value in given.items() if name in _ARGUMENTS[operator]}


def arguments(config: Config, pipeline: Pipeline, runner: Runner) -> dict[str, Node]:
    """Further arguments of the operator of one task, but for those that all have."""
    found: dict[str, Node] = {}
    if runner.operator == "kubernetes":
        found |= _pod(config)
    all_have = default_arguments(pipeline, runner.operator)
    own = _table(settings_of(config).get("operator_args"))
    for name, value in own.items():
        if name in _ARGUMENTS[runner.operator] and (name not in all_have or all_have[name] != value):
            found[name] = literal(value)
    return found


def _pod(config: Config) -> dict[str, Node]:
    """A pod, in the words of the operator where it has them, else as a manifest."""
    settings = settings_of(config)
    pod = {name: value for name, value in _table(settings.get("pod_settings")).items() if value not in _UNSET}
    found: dict[str, Node] = {}
    account = settings.get("step_pod_service_account_name") or settings.get("service_account_name")
    if account:
        found["service_account_name"] = quoted(str(account))
    if "node_selectors" in pod:
        found["node_selector"] = literal(pod["node_selectors"])
    for name in ("labels", "annotations"):
        if name in pod:
            found[name] = literal({key: str(value) for key, value in _table(pod[name]).items()})
    if isinstance(names := pod.get("image_pull_secrets"), Sequence):
        items = (call("V1LocalObjectReference", ("", quoted(str(name)))) for name in names)
        found["image_pull_secrets"] = Brackets("[", tuple(("", item) for item in items), "]")
    if manifest := _manifest(settings, pod):
        found["pod_template_dict"] = literal(manifest)
    return found


def _manifest(settings: Fields, pod: Fields) -> dict[str, Json]:
    spec: dict[str, Json] = {field: pod[name] for name, field in _SPEC.items() if name in pod}
    if "host_ipc" in pod:
        spec["hostIPC"] = True
    spec |= _table(pod.get("additional_pod_spec_args"))
    container: dict[str, Json] = {field: pod[name] for name, field in _CONTAINER.items() if name in pod}
    if settings.get("privileged"):
        container["securityContext"] = {**_table(container.get("securityContext")), "privileged": True}
    if not spec and not container:
        return {}
    return {"spec": {**spec, "containers": [{"name": "base", **container}]}}


def pod_resources(config: Config) -> dict[str, dict[str, Json]]:
    """`requests` and `limits` of the container, from the pod's settings."""
    given = _table(_table(settings_of(config).get("pod_settings")).get("resources"))
    amounts = {kind: {name: str(one) for name, one in _table(table).items()} for kind, table in given.items()}
    return cast("dict[str, dict[str, Json]]", amounts)


def faults(pipeline: Pipeline, operator: Operator) -> Iterator[Diagnostic]:
    """What Airflow has no word for, or would run as a template."""
    own = settings_of(pipeline.config)
    yield from _faults(pipeline.config, pipeline.span, operator)
    for name in sorted(set(_table(own.get("dag_args"))) - _DAG):
        message = f"`{name}` in `dag_args` is not taken over into the DAG"
        yield Diagnostic("PC0413", message, place_of(pipeline.config, pipeline.span), help=f"known are {_listed(_DAG)}")
    for call_ in calls(pipeline.body):
        if call_.config.settings != pipeline.config.settings:
            yield from _faults(call_.config, call_.span, operator)
            if (asked := settings_of(call_.config).get("operator")) not in (None, own.get("operator")):
                message = f"all steps of a DAG run in one way: this one asks for the operator `{asked}`"
                help_ = "set `operator` on the pipeline, or with `-O operator=`"
                yield Diagnostic("PC0413", message, place_of(call_.config, call_.span), help=help_)


def place_of(config: Config, otherwise: Span) -> Span:
    """Where the settings stand."""
    found = (config.places.get(f"settings.{key}") for key in reversed(KEYS))
    return next((place for place in found if place is not None), otherwise)


def _faults(config: Config, span: Span, operator: Operator) -> Iterator[Diagnostic]:
    place, settings = place_of(config, span), settings_of(config)
    others = [key for key, fields in config.settings.items() if key not in KEYS and fields]
    unknown = [*others, *sorted(set(settings) - _AIRFLOW - _OF_PODS - _MEANINGLESS)]
    if unknown:
        yield Diagnostic("PC0413", f"Airflow has no word for {_listed(unknown)} in the settings", place)
    if settings.get("operator") not in (None, *_OPERATORS):
        message = f"steps cannot be run with the operator `{settings['operator']}`"
        yield Diagnostic("PC0413", message, place, help="`docker` and `kubernetes_pod` are known")
    pods = sorted(set(settings) & _OF_PODS)
    if pods and operator != "kubernetes":
        help_ = "let each step be a pod: `-O code=image -O operator=kubernetes`"
        yield Diagnostic("PC0413", f"{_listed(pods)} is about pods, and steps do not run in pods", place, help=help_)
    arguments = _table(settings.get("operator_args"))
    for name in sorted(set(arguments) - _ARGUMENTS[operator]):
        message = f"`{name}` in `operator_args` is not given to the operator"
        yield Diagnostic("PC0413", message, place, help=f"known are {_listed(_ARGUMENTS[operator])}")
    if (text := _live([arguments, settings.get("pod_settings"), settings.get("service_account_name")])) is not None:
        message = f"Airflow would take `{text}` for a template"
        yield Diagnostic(
            "PC0412", message, place, help="write it without `{{`, `{%` and `{#`, and not like a script's name"
        )


def _listed(names: frozenset[str] | Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


def is_live(text: str) -> bool:
    """Whether an operator would render a text, or open it as a file."""
    return any(sign in text for sign in _OPEN) or text.endswith(_READ_AS_FILES)


def _live(values: list[Json]) -> str | None:
    """The first text that an operator would render, or open as a file."""
    pending = list(values)
    while pending:
        match pending.pop():
            case str() as text if is_live(text):
                return text
            case Mapping() as fields:
                pending += [*fields, *fields.values()]
            case list() | tuple() as items:
                pending += items
            case _:
                pass
    return None

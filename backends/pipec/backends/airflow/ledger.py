"""What Airflow can do, feature by feature; `pipec targets --ledger` prints it."""

from __future__ import annotations

from pipec.compiler.backend import Capability, Ledger, Support
from pipec.compiler.ir.features import Feature

_NATIVE, _EMULATED = Support.NATIVE, Support.EMULATED
_IGNORED, _REFUSED = Support.IGNORED, Support.REFUSED
_IN_IMAGES = "with `-O code=image`; inline a step has what its Airflow worker has, and asking is an error"

LEDGER: Ledger = {
    Feature.PARAMETERS: Capability(_NATIVE, "DAG params with a JSON schema, checked before a run starts"),
    Feature.OPTIONAL_PARAMETERS: Capability(_NATIVE, "a schema that allows null"),
    Feature.STRUCTURED_PARAMETERS: Capability(_NATIVE, "arrays and objects"),
    Feature.REQUIRED_PARAMETERS: Capability(_NATIVE, "a param without a default; an error together with a schedule"),
    Feature.PARAMETER_OUTPUTS: Capability(
        _EMULATED, "canonical JSON text in an XCom, so that every number arrives as it left"
    ),
    Feature.ARTIFACT_OUTPUTS: Capability(
        _EMULATED,
        "files below `-O artifact_root=PLACE`, else PIPEC_ARTIFACT_ROOT of the workers (else $AIRFLOW_HOME/pipec, one machine "
        "only); an XCom says where",
    ),
    Feature.MULTIPLE_OUTPUTS: Capability(_NATIVE, "one XCom each, under its name"),
    Feature.PIPELINE_OUTPUTS: Capability(
        _EMULATED, "in the run's record in the store, by a last task; the DAG's docs say which XComs they come from"
    ),
    Feature.FAN_IN: Capability(_EMULATED, "put together by the runtime when the step starts"),
    Feature.EXPRESSIONS: Capability(_EMULATED, "computed in Python by the runtime when the step starts"),
    Feature.ORDER: Capability(_NATIVE),
    Feature.GROUPS: Capability(_NATIVE, "task groups"),
    Feature.CONDITIONS: Capability(
        _EMULATED, "a branch task, which computes the condition in Python; in a loop each step looks whether it runs"
    ),
    Feature.LOOPS: Capability(
        _EMULATED,
        "mapped task groups over indices, at most max_map_length (1024) of them; a loop in a loop is mapped over both "
        "indices and starts when every iteration of the outer loop has come to it: a failure in one keeps it from all",
    ),
    Feature.LOOP_PARALLELISM: Capability(
        _NATIVE, "max_active_tis_per_dagrun of each task in the loop; in a loop in a loop the lower bound holds for all"
    ),
    Feature.LAZY_INPUTS: Capability(_EMULATED, "made in the store, or of the environment, when the step starts"),
    Feature.RUN_FACTS: Capability(_EMULATED, "the run's id and start, and numbers drawn from the id, by the runtime"),
    Feature.RETRIES: Capability(_NATIVE),
    Feature.RETRY_DELAY: Capability(_NATIVE),
    Feature.RETRY_BACKOFF: Capability(_NATIVE, "retry_exponential_backoff, which takes the factor since Airflow 3.3"),
    Feature.STEP_TIMEOUT: Capability(_NATIVE, "execution_timeout; the step's whole process group is killed"),
    Feature.RUN_TIMEOUT: Capability(_NATIVE, "dagrun_timeout"),
    Feature.CPU: Capability(_NATIVE, f"a container's share of the processors, or what a pod requests, {_IN_IMAGES}"),
    Feature.MEMORY: Capability(_NATIVE, f"a container's limit, or what a pod requests, {_IN_IMAGES}"),
    Feature.GPU: Capability(_NATIVE, f"device_requests, or `nvidia.com/gpu` of a pod, {_IN_IMAGES}"),
    Feature.ENVIRONMENT: Capability(_NATIVE, "variables of the step's process"),
    Feature.SECRETS: Capability(
        _EMULATED,
        "an Airflow Variable of that name, a JSON object, read inside the task; its keys become variables. A pod has the "
        "Kubernetes Secret of that name",
    ),
    Feature.SCHEDULE_CRON: Capability(_NATIVE, "CronTriggerTimetable"),
    Feature.SCHEDULE_INTERVAL: Capability(_NATIVE, "DeltaTriggerTimetable"),
    Feature.SCHEDULE_ONCE: Capability(_NATIVE, "`@once`, with that start date"),
    Feature.SCHEDULE_WINDOW: Capability(_NATIVE, "start_date and end_date"),
    Feature.SCHEDULE_CATCHUP: Capability(_NATIVE, "catchup"),
    Feature.CACHING: Capability(_EMULATED, "by the runtime, below PIPEC_ARTIFACT_ROOT: the task runs and reuses"),
    Feature.CACHE_POLICY: Capability(_EMULATED, "by the runtime"),
    Feature.RUN_HOOKS: Capability(
        _EMULATED, "tasks before all others, and teardowns after them, which do not change the state of the run"
    ),
    Feature.STEP_HOOKS: Capability(_EMULATED, "called in the step's process; on_failure after the last attempt"),
    Feature.TAGS: Capability(_NATIVE, "tags of the DAG"),
    Feature.MODEL: Capability(_EMULATED, "registered in the store by the steps; the tag `model:NAME` of the DAG"),
    Feature.EXTRA: Capability(_EMULATED, "shown by get_step_context()"),
    Feature.DOCS: Capability(_NATIVE, "doc_md of the DAG and of its tasks"),
    Feature.STOP_ON_FAILURE: Capability(
        _EMULATED, "each step looks whether another one has failed when it starts, and is skipped"
    ),
    Feature.FAIL_FAST: Capability(
        _REFUSED,
        "`fail_fast` of a DAG forbids every trigger rule but `all_success`, and with it hooks, records and joins",
        'use `execution_mode="stop_on_failure"`: what runs goes on, and nothing else starts',
    ),
    Feature.MAX_PARALLELISM: Capability(_NATIVE, "max_active_tasks"),
    Feature.DOCKER_SETTINGS: Capability(
        _EMULATED,
        "steps run in the images that pipec builds; with `-O code=inline` the worker must have what they need",
    ),
    Feature.COMPONENT_SETTINGS: Capability(
        _EMULATED,
        "`operator_args` and `dag_args` of the Airflow orchestrator, by name; pod settings with `-O operator=kubernetes`; "
        "what Airflow has no word for is an error",
    ),
    Feature.TOGGLES: Capability(_EMULATED, "by the runtime; logs are Airflow's own and always kept"),
    Feature.MATERIALIZERS: Capability(_EMULATED, "by the runtime"),
    Feature.SUBSTITUTIONS: Capability(_EMULATED, "by the runtime"),
    Feature.RUN_NAME: Capability(_IGNORED, "Airflow, or who triggers the run, gives it its id"),
    Feature.LABELS: Capability(_IGNORED, "words for trackers and operators that Airflow does not have"),
}

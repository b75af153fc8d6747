"""What Airflow can do, feature by feature; `pipec targets --ledger` prints it."""

from __future__ import annotations

from pipec.compiler.backend import Capability, Ledger, Support
from pipec.compiler.ir.features import Feature

_NATIVE, _EMULATED = Support.NATIVE, Support.EMULATED
_IGNORED, _REFUSED = Support.IGNORED, Support.REFUSED
_NOT_YET = "not built yet"

LEDGER: Ledger = {
    Feature.PARAMETERS: Capability(_NATIVE, "DAG params with a JSON schema, checked before a run starts"),
    Feature.OPTIONAL_PARAMETERS: Capability(_NATIVE, "a schema that allows null"),
    Feature.STRUCTURED_PARAMETERS: Capability(_NATIVE, "arrays and objects"),
    Feature.REQUIRED_PARAMETERS: Capability(_NATIVE, "a param without a default; not with a schedule"),
    Feature.PARAMETER_OUTPUTS: Capability(
        _EMULATED, "canonical JSON text in an XCom, so that every number arrives as it left"
    ),
    Feature.ARTIFACT_OUTPUTS: Capability(
        _EMULATED, "files below PIPEC_ARTIFACT_ROOT (else $AIRFLOW_HOME/pipec, one machine only); an XCom says where"
    ),
    Feature.MULTIPLE_OUTPUTS: Capability(_NATIVE, "one XCom for each output"),
    Feature.PIPELINE_OUTPUTS: Capability(_EMULATED, "the XComs of the steps that make them, listed in the DAG's docs"),
    Feature.FAN_IN: Capability(_EMULATED, "put together by the runtime when the step starts"),
    Feature.EXPRESSIONS: Capability(_EMULATED, "computed in Python by the runtime when the step starts"),
    Feature.ORDER: Capability(_NATIVE),
    Feature.GROUPS: Capability(_NATIVE, "task groups"),
    Feature.CONDITIONS: Capability(_REFUSED, _NOT_YET),
    Feature.LOOPS: Capability(_REFUSED, _NOT_YET),
    Feature.LOOP_PARALLELISM: Capability(_REFUSED, _NOT_YET),
    Feature.LAZY_INPUTS: Capability(_REFUSED, _NOT_YET),
    Feature.RUN_FACTS: Capability(_REFUSED, _NOT_YET),
    Feature.RETRIES: Capability(_NATIVE),
    Feature.RETRY_DELAY: Capability(_NATIVE),
    Feature.RETRY_BACKOFF: Capability(_NATIVE, "retry_exponential_backoff, which takes the factor since Airflow 3.3"),
    Feature.STEP_TIMEOUT: Capability(_NATIVE, "execution_timeout; the step's whole process group is killed"),
    Feature.RUN_TIMEOUT: Capability(_NATIVE, "dagrun_timeout"),
    Feature.CPU: Capability(_REFUSED, "inline steps run on the worker; needs the image mode, which is not built yet"),
    Feature.MEMORY: Capability(
        _REFUSED, "inline steps run on the worker; needs the image mode, which is not built yet"
    ),
    Feature.GPU: Capability(_REFUSED, "inline steps run on the worker; needs the image mode, which is not built yet"),
    Feature.ENVIRONMENT: Capability(_NATIVE, "variables of the step's process"),
    Feature.SECRETS: Capability(_REFUSED, _NOT_YET),
    Feature.SCHEDULE_CRON: Capability(_REFUSED, _NOT_YET),
    Feature.SCHEDULE_INTERVAL: Capability(_REFUSED, _NOT_YET),
    Feature.SCHEDULE_ONCE: Capability(_REFUSED, _NOT_YET),
    Feature.SCHEDULE_WINDOW: Capability(_REFUSED, _NOT_YET),
    Feature.SCHEDULE_CATCHUP: Capability(_REFUSED, _NOT_YET),
    Feature.CACHING: Capability(_IGNORED, "caching is not built yet: every step runs, which is always right"),
    Feature.CACHE_POLICY: Capability(_IGNORED, "caching is not built yet: every step runs, which is always right"),
    Feature.RUN_HOOKS: Capability(_REFUSED, _NOT_YET),
    Feature.STEP_HOOKS: Capability(_REFUSED, _NOT_YET),
    Feature.TAGS: Capability(_NATIVE, "tags of the DAG"),
    Feature.MODEL: Capability(_REFUSED, _NOT_YET),
    Feature.EXTRA: Capability(_EMULATED, "shown by get_step_context()"),
    Feature.DOCS: Capability(_NATIVE, "doc_md of the DAG and of its tasks"),
    Feature.STOP_ON_FAILURE: Capability(_REFUSED, _NOT_YET),
    Feature.FAIL_FAST: Capability(_REFUSED, "Airflow's flag forbids every trigger rule but `all_success`"),
    Feature.MAX_PARALLELISM: Capability(_NATIVE, "max_active_tasks"),
    Feature.DOCKER_SETTINGS: Capability(
        _IGNORED, "steps run on the worker's own interpreter; the image mode is not built yet"
    ),
    Feature.COMPONENT_SETTINGS: Capability(_REFUSED, _NOT_YET),
    Feature.TOGGLES: Capability(_IGNORED, "nothing is tracked yet"),
    Feature.MATERIALIZERS: Capability(_EMULATED, "by the runtime"),
    Feature.SUBSTITUTIONS: Capability(_REFUSED, _NOT_YET),
    Feature.LABELS: Capability(_IGNORED, "words for trackers and operators that Airflow does not have"),
}

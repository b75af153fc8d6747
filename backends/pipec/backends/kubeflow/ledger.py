"""What Kubeflow Pipelines 2 can do, feature by feature."""

from __future__ import annotations

from pipec.compiler.backend import Capability, Ledger, Support
from pipec.compiler.ir.features import Feature


def _native(note: str = "") -> Capability:
    return Capability(Support.NATIVE, note)


def _emulated(note: str) -> Capability:
    return Capability(Support.EMULATED, note)


def _ignored(note: str) -> Capability:
    return Capability(Support.IGNORED, note)


def _refused(note: str) -> Capability:
    return Capability(Support.REFUSED, note)


_SCHEDULE = "a recurring run in `<name>.schedule.yaml`, to be given to the API: a spec cannot hold it"
_FAILURE = "KFP always lets independent steps go on after a failure"

LEDGER: Ledger = {
    Feature.PARAMETERS: _native(
        "typed inputs of the run; text that a person types is not protected from `{{…}}` and `$(…)` on the cluster, "
        "and `kfp.local` rewrites `python3` in it"
    ),
    Feature.OPTIONAL_PARAMETERS: _emulated(
        "canonical JSON text in a STRING, `null` where nothing is given: KFP's backend fails where a sub-DAG hands on "
        "a parameter that was not given"
    ),
    Feature.STRUCTURED_PARAMETERS: _native(
        "LIST and STRUCT, whose numbers are doubles; types without a form there are canonical JSON in a STRING"
    ),
    Feature.REQUIRED_PARAMETERS: _native(),
    Feature.PARAMETER_OUTPUTS: _native(
        "canonical JSON text in a STRING, so that 2**53+1, NaN and -0.0 arrive as they left"
    ),
    Feature.ARTIFACT_OUTPUTS: _native("Dataset and Model where the type says so, else Artifact"),
    Feature.MULTIPLE_OUTPUTS: _native(),
    Feature.PIPELINE_OUTPUTS: _native(
        "root outputs; numbers as canonical JSON text; what is not the result of a step is computed by a small step"
    ),
    Feature.FAN_IN: _emulated("one input for each result, put together by the runtime"),
    Feature.EXPRESSIONS: _emulated("computed by the runtime of the step that reads them"),
    Feature.ORDER: _native("`dependentTasks`"),
    Feature.GROUPS: _native("a sub-DAG, which costs one driver pod"),
    Feature.CONDITIONS: _native(
        "`triggerPolicy.condition` over numbers, truth values and plain text that the run gets, and over truth values "
        "that steps give; any other condition is computed by a small step. A sub-DAG around the arms costs one driver pod"
    ),
    Feature.LOOPS: _native(
        "`parameterIterator` over indices, which a small step counts; costs the driver pods of two sub-DAGs, and of one "
        "for each iteration. A loop over nothing has one iteration in which no step does anything, because KFP fails to "
        "collect from none"
    ),
    Feature.LOOP_PARALLELISM: _native("`iteratorPolicy.parallelismLimit`; `kfp.local` runs two iterations at once"),
    Feature.LAZY_INPUTS: _emulated(
        "looked up in the environment and in the store when the step starts; the store is `-O artifact_root=URL`, without "
        "it a look-up in it is refused. KFP's cache is off for such a step"
    ),
    Feature.RUN_FACTS: _emulated(
        "start and identity of the run are inputs that KFP fills in, draws come from its identity; KFP's cache is off for "
        "such a step. `kfp.local` knows no start"
    ),
    Feature.RETRIES: _native(
        "`retryPolicy`; not applied to driver pods (kubeflow/pipelines#14266). In loops, where KFP does not retry "
        "(kubeflow/pipelines#12389), the runtime does, in the same pod"
    ),
    Feature.RETRY_DELAY: _native("`backoffDuration`; in loops the runtime waits"),
    Feature.RETRY_BACKOFF: _native("`backoffFactor`; in loops the runtime waits"),
    Feature.STEP_TIMEOUT: _native("`activeDeadlineSeconds` in the platform document; `kfp.local` ignores it"),
    Feature.RUN_TIMEOUT: _native("`pipelineConfig.activeDeadlineSeconds`; `kfp.local` ignores it"),
    Feature.CPU: _native("request and limit"),
    Feature.MEMORY: _native("request and limit"),
    Feature.GPU: _native("`nvidia.com/gpu`; a class of device is refused"),
    Feature.ENVIRONMENT: _native("values with `{{`, `$(` or `$$` are set by the runtime; look-ups are refused"),
    Feature.SECRETS: _emulated("mounted as a volume, each key exported by the runtime; there is no `envFrom`"),
    Feature.SCHEDULE_CRON: _native(f"{_SCHEDULE}; in UTC, other time zones are refused"),
    Feature.SCHEDULE_INTERVAL: _native(f"{_SCHEDULE}; whole seconds"),
    Feature.SCHEDULE_ONCE: _emulated(f"{_SCHEDULE}: a cron expression whose window holds one moment"),
    Feature.SCHEDULE_WINDOW: _native(_SCHEDULE),
    Feature.SCHEDULE_CATCHUP: _native(f"{_SCHEDULE}: `no_catchup`"),
    Feature.CACHING: _native(
        "`enableCache`; the key covers inputs, image, argument and environment; with inline code any change of code misses "
        "for all. With a store (`-O artifact_root=URL`) the runtime's own cache takes its place"
    ),
    Feature.CACHE_POLICY: _emulated(
        "by the runtime's own cache, in the store (`-O artifact_root=URL`); KFP's key is fixed, so that without a store a "
        "step with a policy of its own is not cached, with a note"
    ),
    Feature.RUN_HOOKS: _native(
        "a first task for `on_init`, an exit task with the final status for what follows; the exception that a hook takes "
        "comes from the store (`-O artifact_root=URL`), without it such a hook is refused. Two more sub-DAGs"
    ),
    Feature.STEP_HOOKS: _native("by the runtime around the step"),
    Feature.TAGS: _native("annotation `pipec-tags` of the steps' pods"),
    Feature.MODEL: _native(
        "annotation `pipec-model` of the steps' pods; registered in the store, where there is one (`-O artifact_root=URL`)"
    ),
    Feature.EXTRA: _native("annotation `pipec-extra` of the steps' pods"),
    Feature.DOCS: _native("description of the pipeline; a step's first line as a comment"),
    Feature.STOP_ON_FAILURE: _refused(_FAILURE),
    Feature.FAIL_FAST: _refused(_FAILURE),
    Feature.MAX_PARALLELISM: _refused("KFP bounds the parallelism of loops only"),
    Feature.DOCKER_SETTINGS: _emulated(
        "`parent_image` is the step's image and `requirements` are installed at start; other settings are refused"
    ),
    Feature.COMPONENT_SETTINGS: _refused("no component's settings are translated yet for this target"),
    Feature.TOGGLES: _ignored("KFP keeps its own logs and metadata"),
    Feature.MATERIALIZERS: _native("by the runtime in the step"),
    Feature.SUBSTITUTIONS: _ignored("artifacts have the names of their outputs"),
    Feature.RUN_NAME: _ignored("who starts a run names it; the name is no part of the spec"),
    Feature.LABELS: _ignored("there is no ZenML stack"),
}

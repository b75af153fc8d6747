"""What Argo can do, feature by feature, as this backend stands."""

from __future__ import annotations

from pipec.compiler.backend import Capability, Support
from pipec.compiler.ir.features import Feature as F

_NATIVE, _EMULATED, _IGNORED, _REFUSED = Support.NATIVE, Support.EMULATED, Support.IGNORED, Support.REFUSED

LEDGER: dict[F, Capability] = {
    F.PARAMETERS: Capability(
        _NATIVE,
        "workflow arguments, as JSON text; types are checked when a step starts. What a person types is not evaluated: the "
        "entry point spells `{{` and `$` in it as JSON can",
    ),
    F.OPTIONAL_PARAMETERS: Capability(_NATIVE, "the JSON text `null`"),
    F.STRUCTURED_PARAMETERS: Capability(_NATIVE, "JSON text"),
    F.REQUIRED_PARAMETERS: Capability(_NATIVE, "an argument without a value: Argo refuses a run that gives none"),
    F.PARAMETER_OUTPUTS: Capability(_NATIVE, "output parameters, JSON text in a file"),
    F.ARTIFACT_OUTPUTS: Capability(_NATIVE, "artifacts in the controller's artifact repository, not archived"),
    F.MULTIPLE_OUTPUTS: Capability(_NATIVE, "one output parameter or artifact each"),
    F.PIPELINE_OUTPUTS: Capability(_NATIVE, "outputs of `main`; a small step puts together what is made of several"),
    F.FAN_IN: Capability(_EMULATED, "one input for each result; the runtime puts the list or dict together"),
    F.EXPRESSIONS: Capability(_EMULATED, "the runtime computes them when the consuming step starts"),
    F.ORDER: Capability(_NATIVE, "`depends`"),
    F.GROUPS: Capability(_NATIVE, "a DAG template each"),
    F.CONDITIONS: Capability(
        _NATIVE, "`when` over parameters; what Argo's expressions cannot compute as Python does is a small step"
    ),
    F.LOOPS: Capability(
        _NATIVE,
        "`withSequence` over the indices; what is collected of artifacts lies below one key of the repository",
    ),
    F.LOOP_PARALLELISM: Capability(_NATIVE, "`parallelism` of the loop's template"),
    F.LAZY_INPUTS: Capability(
        _EMULATED,
        "looked up in the container's variables and in the store when the step starts; the store is "
        "`-O artifact_root=URL`, without it a look-up in it is refused",
    ),
    F.RUN_FACTS: Capability(_EMULATED, "creation time and name of the workflow; draws come from its name"),
    F.RETRIES: Capability(_NATIVE, "`retryStrategy` of the step, for a step that fails (not for a pod that is lost)"),
    F.RETRY_DELAY: Capability(_NATIVE, "`backoff.duration`"),
    F.RETRY_BACKOFF: Capability(_NATIVE, "`backoff.factor`, whole numbers only"),
    F.STEP_TIMEOUT: Capability(_NATIVE, "`activeDeadlineSeconds` of each attempt, in whole seconds, rounded up"),
    F.RUN_TIMEOUT: Capability(_NATIVE, "`activeDeadlineSeconds` of the run, in whole seconds, rounded up"),
    F.CPU: Capability(_NATIVE, "a resource request"),
    F.MEMORY: Capability(_NATIVE, "a resource request"),
    F.GPU: Capability(_NATIVE, "a limit of `nvidia.com/gpu`; a class of device is refused"),
    F.ENVIRONMENT: Capability(_NATIVE, "`env`; a value that holds `{{` comes from the code's ConfigMap"),
    F.SECRETS: Capability(_NATIVE, "`envFrom` of the Kubernetes Secret of that name"),
    F.SCHEDULE_CRON: Capability(_NATIVE, "a CronWorkflow"),
    F.SCHEDULE_INTERVAL: Capability(_NATIVE, "a CronWorkflow with `@every`, counted from the start of the controller"),
    F.SCHEDULE_ONCE: Capability(_REFUSED, "a CronWorkflow has no single date"),
    F.SCHEDULE_WINDOW: Capability(_REFUSED, "start and end of a schedule are not written for Argo yet"),
    F.SCHEDULE_CATCHUP: Capability(_REFUSED, "a CronWorkflow makes up one missed run at most"),
    F.CACHING: Capability(
        _EMULATED, "the runtime's own cache in the store (`-O artifact_root=URL`); without a store every step runs"
    ),
    F.CACHE_POLICY: Capability(
        _EMULATED, "the runtime's own cache in the store (`-O artifact_root=URL`); without a store every step runs"
    ),
    F.RUN_HOOKS: Capability(
        _NATIVE,
        "`on_init` is the first task, the others are tasks of the exit handler; the exception comes with Argo's list of "
        "failed nodes, its traceback cut where Kubernetes cuts messages",
    ),
    F.STEP_HOOKS: Capability(_EMULATED, "the runtime calls them around the step"),
    F.TAGS: Capability(_NATIVE, "annotation `pipec/tags` of the template and its runs"),
    F.MODEL: Capability(
        _EMULATED,
        "annotation `pipec/model` of the template and its runs; registered in the store (`-O artifact_root=URL`)",
    ),
    F.EXTRA: Capability(_EMULATED, "annotation `pipec/extra` of the template and its runs"),
    F.DOCS: Capability(_NATIVE, "title and description annotations, descriptions of parameters, comments on steps"),
    F.STOP_ON_FAILURE: Capability(
        _EMULATED, "`failFast`: the run fails once running steps end; an independent step may still start before"
    ),
    F.FAIL_FAST: Capability(
        _EMULATED, "`failFast`: the run fails once running steps end; running steps are not interrupted"
    ),
    F.MAX_PARALLELISM: Capability(_NATIVE, "`parallelism` of the run"),
    F.DOCKER_SETTINGS: Capability(
        _EMULATED,
        "with `code=image` each step runs in the image that pipec builds for it; inline, `parent_image` is the step's image, "
        "and requirements are installed when a step starts",
    ),
    F.COMPONENT_SETTINGS: Capability(
        _NATIVE,
        "those of the Kubernetes orchestrator: the pod's as fields of the template, `podSpecPatch` for what Argo has no "
        "field for; other components' are refused, what is about ZenML's own orchestrator pod has no meaning",
    ),
    F.TOGGLES: Capability(_EMULATED, "metadata and visualisations by the runtime; logs are Argo's own"),
    F.MATERIALIZERS: Capability(_EMULATED, "the runtime calls them inside the step"),
    F.SUBSTITUTIONS: Capability(
        _EMULATED, "the runtime fills them in where it registers artifacts, in the store (`-O artifact_root=URL`)"
    ),
    F.RUN_NAME: Capability(_IGNORED, "Argo names each workflow after its template"),
    F.LABELS: Capability(_IGNORED, "Argo has no trackers or step operators"),
}

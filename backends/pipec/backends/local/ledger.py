"""What the local executor does with each feature."""

from __future__ import annotations

from pipec.compiler.backend import Capability, Support
from pipec.compiler.ir.features import Feature as F

_NATIVE, _EMULATED, _IGNORED = Support.NATIVE, Support.EMULATED, Support.IGNORED
_NO_TARGET = "there is one machine, and it is this one"
_NO_SCHEDULE = "a run starts when you start it"

LEDGER: dict[F, Capability] = {
    F.PARAMETERS: Capability(_NATIVE, "checked before anything runs"),
    F.OPTIONAL_PARAMETERS: Capability(_NATIVE, "`-p name=null`"),
    F.STRUCTURED_PARAMETERS: Capability(_NATIVE, "`-p` takes JSON"),
    F.REQUIRED_PARAMETERS: Capability(_NATIVE, "a run without a value does not start"),
    F.PARAMETER_OUTPUTS: Capability(_NATIVE, "JSON text, in the journal"),
    F.ARTIFACT_OUTPUTS: Capability(_NATIVE, "files in the store"),
    F.MULTIPLE_OUTPUTS: Capability(_NATIVE, "one file or artifact each"),
    F.PIPELINE_OUTPUTS: Capability(_NATIVE, "printed at the end, and recorded"),
    F.FAN_IN: Capability(_NATIVE, "the runtime puts the list or dict together"),
    F.EXPRESSIONS: Capability(_NATIVE, "the runtime computes them when the consuming step starts"),
    F.ORDER: Capability(_NATIVE, "the scheduler waits"),
    F.GROUPS: Capability(_NATIVE, "a scope of their own; their steps wait for what they read, no more"),
    F.CONDITIONS: Capability(_NATIVE, "computed in order, and no further than needed"),
    F.LOOPS: Capability(_NATIVE, "one instance of each step for each item"),
    F.LOOP_PARALLELISM: Capability(_NATIVE, "so many iterations at once"),
    F.LAZY_INPUTS: Capability(_NATIVE, "looked up in the store and the environment when the step starts"),
    F.RUN_FACTS: Capability(_NATIVE, "start and identity of the run; draws come from its identity"),
    F.RETRIES: Capability(_NATIVE, "a new process for each attempt, whatever ended the one before"),
    F.RETRY_DELAY: Capability(_NATIVE, "the scheduler waits; other steps go on"),
    F.RETRY_BACKOFF: Capability(_NATIVE, "the delay grows by the factor"),
    F.STEP_TIMEOUT: Capability(_NATIVE, "the attempt's whole process group is killed"),
    F.RUN_TIMEOUT: Capability(_NATIVE, "everything that runs is killed"),
    F.CPU: Capability(_IGNORED, "steps share this machine; `-j` says how many run at once"),
    F.MEMORY: Capability(_IGNORED, "steps share this machine; `-j` says how many run at once"),
    F.GPU: Capability(_IGNORED, "a step sees the devices of this machine"),
    F.ENVIRONMENT: Capability(_NATIVE, "set before the step's modules are imported"),
    F.SECRETS: Capability(_NATIVE, "from `--secrets FILE`, a dotenv file, for the steps that name them"),
    F.SCHEDULE_CRON: Capability(_IGNORED, _NO_SCHEDULE),
    F.SCHEDULE_INTERVAL: Capability(_IGNORED, _NO_SCHEDULE),
    F.SCHEDULE_ONCE: Capability(_IGNORED, _NO_SCHEDULE),
    F.SCHEDULE_WINDOW: Capability(_IGNORED, _NO_SCHEDULE),
    F.SCHEDULE_CATCHUP: Capability(_IGNORED, _NO_SCHEDULE),
    F.CACHING: Capability(_NATIVE, "in the store; `--no-cache` looks nothing up"),
    F.CACHE_POLICY: Capability(_NATIVE, "as it says"),
    F.RUN_HOOKS: Capability(_NATIVE, "in processes of their own"),
    F.STEP_HOOKS: Capability(_NATIVE, "around the step, in its process"),
    F.TAGS: Capability(_NATIVE, "of the run; `pipec runs list --tag`"),
    F.MODEL: Capability(_NATIVE, "a version in the store"),
    F.EXTRA: Capability(_NATIVE, "what `get_step_context()` shows"),
    F.DOCS: Capability(_EMULATED, "kept with the program in the record of the run"),
    F.STOP_ON_FAILURE: Capability(_NATIVE, "nothing new starts; what runs ends"),
    F.FAIL_FAST: Capability(_NATIVE, "nothing new starts; what runs is killed"),
    F.MAX_PARALLELISM: Capability(_NATIVE, "so many steps at once, `-j` permitting"),
    F.DOCKER_SETTINGS: Capability(_IGNORED, "steps run with the packages that are installed here"),
    F.COMPONENT_SETTINGS: Capability(_IGNORED, _NO_TARGET),
    F.TOGGLES: Capability(_NATIVE, "logs, metadata and visualisations are kept unless they are switched off"),
    F.MATERIALIZERS: Capability(_NATIVE, "the runtime calls them inside the step"),
    F.SUBSTITUTIONS: Capability(_NATIVE, "in names of artifacts and runs"),
    F.RUN_NAME: Capability(_NATIVE, "`pipec runs show NAME` finds it by its name"),
    F.LABELS: Capability(_IGNORED, "there are no trackers or step operators here"),
}

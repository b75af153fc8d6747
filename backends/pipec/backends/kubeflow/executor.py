"""What a step's container is: image, command, argument, environment, resources; and its part of the platform document."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pipec.backends.kubeflow import code
from pipec.backends.kubeflow.parameters import reading
from pipec.backends.kubeflow.protected import is_live, protected
from pipec.compiler.digest import sha256
from pipec.compiler.images.model import CODE_ROOT
from pipec.compiler.ir.constants import text
from pipec.compiler.ir.values import Lazy, Param, RunFact
from pipec.compiler.ir.walk import calls, leaves
from pipec.compiler.lazy import pattern
from pipec.compiler.yaml_text import Flow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.backends.kubeflow.scopes import StepTask
    from pipec.compiler.backend import Options
    from pipec.compiler.ir.config import Config, Resources, Retry
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.ir.values import Json
    from pipec.compiler.yaml_text import Yaml

LOCAL_MARKER = "kfp.dsl.executor_main"
"""`kfp.local` runs only commands with this text in some element (reference/kubeflow.md §4); nothing else reads it."""

SECRETS = "/pipec/secrets"
"""Folder below which the secrets are mounted, known to `pipec.runtime.kubeflow`."""

_MEMORY = pattern(r"(\d+(?:\.\d+)?)\s*([KMGTPE]i?)?B?")


def container(task: StepTask, pipeline: Pipeline, options: Options) -> dict[str, Yaml]:
    """The entry of `deploymentSpec.executors`."""
    config = task.call.config
    entry: dict[str, Yaml] = {
        "image": image(task, options),
        "command": command(task),
        "args": ["{{$}}", protected(call_document(task, pipeline, options)), LOCAL_MARKER],
    }
    plain = {name: value for name, value in _texts(config).items() if not is_live(value)}
    if options["artifact_root"]:
        plain["PIPEC_ARTIFACT_ROOT"] = str(options["artifact_root"])
    if plain:
        entry["env"] = [Flow({"name": name, "value": value}) for name, value in plain.items()]
    if config.resources is not None and (limits := _resources(config.resources)):
        entry["resources"] = limits
    return {"container": entry}


def command(task: StepTask) -> list[Yaml]:
    """What starts a step: the code root in its image, or the program that the spec carries."""
    if task.image is not None and task.image.has_code:
        return [task.image.python, "-I", CODE_ROOT, "kubeflow"]
    python = "python3" if task.image is None else task.image.python
    return [python, "-I", "-c", f"{{{{$.inputs.parameters['{code.INPUT}']}}}}"]


def image(task: StepTask, options: Options) -> str:
    """The image of a step: the one that was made for it; else that of its Docker settings, else that of the options."""
    if task.image is not None:
        return task.image.reference
    parent = (task.call.config.docker or {}).get("parent_image")
    return parent if isinstance(parent, str) else str(options["image"])


def call_document(task: StepTask, pipeline: Pipeline, options: Options) -> dict[str, Json]:
    """What `pipec.runtime.kubeflow` is told about a step; entries that would say nothing are left out."""
    config = task.call.config
    entries: dict[str, Json | Mapping[str, Json]] = {}
    if task.hooks:
        entries["hooks"] = list(task.hooks)
        if task.is_exit:
            entries |= {"status": "status", "operations": [call.id for call in calls(pipeline.body)]}
    else:
        entries |= {"step": task.call.id, "spec": task.invocation.spec, **_wiring(task, pipeline)}
    if task.loops and config.retry is not None:
        # KFP does not retry inside loops (kubeflow/pipelines#12389).
        retry = config.retry
        entries["retry"] = {"max_retries": retry.max_retries, "delay": retry.delay, "backoff": retry.backoff}
    entries["environment"] = {name: value for name, value in _texts(config).items() if is_live(value)}
    entries["secrets"] = list(secrets_of(config, options))
    if options["requirements"] == "install" and task.image is None:
        entries["requirements"] = list(requirements(task))
    if is_cached(task, options) and (key := _cache_key(task)):
        entries["key"] = key
    return {"pipeline": pipeline.name, **{name: entry for name, entry in entries.items() if entry}}


def _cache_key(task: StepTask) -> str:
    """What KFP's own key does not cover: the environment, and the code in an image, whose tag people may use again."""
    covered: dict[str, Json] = {}
    if environment := _texts(task.call.config):
        covered = dict(environment)
    if task.image is not None and task.image.has_code:
        covered = {"environment": covered, "code": task.step.closure.digest}
    return sha256(text(covered).encode()).hexdigest()[:16] if covered else ""


def _wiring(task: StepTask, pipeline: Pipeline) -> dict[str, Json]:
    """How slots and outputs of a step lie in the inputs and outputs of its component."""
    slots = task.invocation.slots
    readings = {parameter.name: reading(parameter) for parameter in pipeline.parameters}
    used = {*code.RESERVED, task.state, *(port.key for port in task.slots.values())}
    return {
        "parameters": {
            name: readings[leaf.name] if isinstance(leaf, Param) else "int"
            for name, leaf in slots.items()
            if isinstance(leaf, Param) or task.slots[name].type == "NUMBER_INTEGER"
        },
        "inputs": {name: port.key for name, port in task.slots.items() if port.key != name},
        "outputs": {
            name: port.key
            for (name, form), port in task.outputs.items()
            if port.key != name and not _is_mirror(task, name, form)
        },
        "mirrors": {name: port.key for (name, form), port in task.outputs.items() if _is_mirror(task, name, form)},
        "native": {port.key: port.blank for port in task.outputs.values() if port.blank is not None},
        "collected": [name for name, port in task.slots.items() if port.is_list],
        "loops": list(task.loops),
        "state": task.state,
        "control": [key for key in task.inputs if key not in used],
    }


def is_cached(task: StepTask, options: Options) -> bool:
    """Whether KFP may reuse the step's result: its key covers the inputs, the image and the arguments.

    With a store the runtime does that instead. What a look-up or a fact of the run gives is in no key of KFP's.
    """
    config = task.call.config
    if config.cache is False or config.cache_policy is not None or options["artifact_root"] or task.state:
        return False
    found = (leaf for value in task.call.arguments.values() for leaf in leaves(value))
    return not any(isinstance(leaf, Lazy | RunFact) for leaf in found)


def secrets_of(config: Config, options: Options) -> tuple[str, ...]:
    """The secrets that the step has as environment variables."""
    root_secret = options["artifact_secret"]
    return tuple(dict.fromkeys([*config.secrets, *([str(root_secret)] if root_secret else [])]))


def requirements(task: StepTask) -> tuple[str, ...]:
    """What the step's image must have: what its closure imports, and what its Docker settings list."""
    listed = (task.call.config.docker or {}).get("requirements") or []
    own = [str(each) for each in listed] if isinstance(listed, list | tuple) else []
    return tuple(dict.fromkeys([*task.step.closure.requirements, *own]))


def platform(task: StepTask, pipeline: Pipeline, options: Options) -> dict[str, Yaml]:
    """The entry of the platform document; empty if the step needs none."""
    config = task.call.config
    entry: dict[str, Yaml] = {}
    if secrets := secrets_of(config, options):
        entry["secretAsVolume"] = [
            {
                "secretNameParameter": Flow({"runtimeValue": {"constant": name}}),
                "mountPath": f"{SECRETS}/{name}",
            }
            for name in secrets
        ]
    whole = pipeline.config
    notes: dict[str, Json] = {
        "pipec-tags": list(dict.fromkeys([*whole.tags, *config.tags])),
        "pipec-model": config.model or whole.model,
        "pipec-extra": {**whole.extra, **config.extra},
    }
    annotations: dict[str, Yaml] = {name: protected(value) for name, value in notes.items() if value}
    if annotations:
        entry["podMetadata"] = {"annotations": annotations}
    if config.timeout is not None:
        entry["activeDeadlineSeconds"] = seconds(config.timeout)
    return entry


def retry_policy(retry: Retry) -> dict[str, Yaml]:
    """The `retryPolicy` of a task; like ours it counts attempts after the first."""
    policy: dict[str, Yaml] = {"maxRetryCount": retry.max_retries}
    if retry.delay:
        policy["backoffDuration"] = f"{_decimal(retry.delay)}s"
        policy["backoffFactor"] = float(retry.backoff)
    return policy


def seconds(timeout: float) -> str:
    """A 64-bit integer as protobuf's JSON has it."""
    return str(max(1, math.ceil(timeout)))


def memory(text: str) -> str | None:
    """ZenML's `4GB` or `512MiB` as a Kubernetes quantity; None if it is neither."""
    match = _MEMORY.fullmatch(text.strip())
    if match is None:
        return None
    unit = "k" if match[2] == "K" else match[2] or ""
    return match[1] + unit


def _texts(config: Config) -> dict[str, str]:
    return {name: value for name, value in config.environment.items() if isinstance(value, str)}


def _is_mirror(task: StepTask, name: str, form: str) -> bool:
    return form == "parameter" and (name, "artifact") in task.outputs


def _resources(resources: Resources) -> dict[str, Yaml]:
    entry: dict[str, Yaml] = {}
    if resources.cpu_count is not None:
        cpu = _decimal(resources.cpu_count)
        entry |= {"resourceCpuRequest": cpu, "resourceCpuLimit": cpu}
    if resources.memory is not None and (size := memory(resources.memory)) is not None:
        entry |= {"resourceMemoryRequest": size, "resourceMemoryLimit": size}
    if resources.gpu_count:
        entry["accelerator"] = Flow({"resourceType": "nvidia.com/gpu", "resourceCount": str(resources.gpu_count)})
    return entry


def _decimal(number: float) -> str:
    return f"{number:.9f}".rstrip("0").rstrip(".")

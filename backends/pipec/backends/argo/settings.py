"""A call's configuration as fields of its template and container."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

from pipec.backends.argo.code import variable_key
from pipec.backends.argo.text import is_live, variable
from pipec.compiler.images.model import CODE_ROOT
from pipec.compiler.lazy import pattern
from pipec.compiler.yaml_text import Flow

if TYPE_CHECKING:
    from pipec.backends.argo.images import Images
    from pipec.compiler.ir.config import Resources, Retry
    from pipec.compiler.ir.model import Call, StepDef
    from pipec.compiler.yaml_text import Yaml

CODE_MOUNT = Flow({"name": "code", "mountPath": CODE_ROOT, "readOnly": True})
"""The code that travels in the file, where the image has it or would have it."""

_MEMORY = pattern(r"([0-9]+)([KMGTP]?)(i?)B")


def template_fields(call: Call) -> dict[str, Yaml]:
    """Retries and the deadline of an attempt, as Argo has them: per leaf template."""
    fields: dict[str, Yaml] = {}
    config = call.config
    if config.timeout is not None:
        fields["activeDeadlineSeconds"] = str(math.ceil(config.timeout))
    if config.retry is not None:
        fields["retryStrategy"] = _retry(config.retry)
    if config.settings:
        from pipec.backends.argo import pods

        fields |= pods.template_fields(config)
    return fields


def _retry(retry: Retry) -> Yaml:
    strategy: dict[str, Yaml] = {"limit": str(retry.max_retries)}
    if retry.delay > 0:
        backoff: dict[str, Yaml] = {"duration": duration(retry.delay)}
        if retry.backoff != 1:
            backoff["factor"] = str(int(retry.backoff))
        strategy["backoff"] = backoff
    return Flow(strategy)


def duration(seconds: float) -> str:
    """A Go duration: `10s`, `1500ms`."""
    return f"{int(seconds)}s" if seconds == int(seconds) else f"{math.ceil(seconds * 1000)}ms"


def container_fields(call: Call, images: Images, code_map: str, store_secret: str | None) -> dict[str, Yaml]:
    """Image, variables, secrets and resources of the container, as far as they are set.

    Args:
        call: the call.
        images: those of all calls.
        code_map: the ConfigMap that holds `live_values`.
        store_secret: the Secret that opens the store.
    """
    config = call.config
    image = images.of(call)
    # The schema of Argo 4 wants an image in each container, whatever the defaults say.
    fields: dict[str, Yaml] = {"image": image.reference}
    env: list[Yaml] = []
    for name, text in config.environment.items():
        assert isinstance(text, str), "`checks` refuses look-ups"
        if is_live(text):
            reference: Yaml = {"name": code_map, "key": variable_key(name, text)}
            env.append(Flow({"name": name, "valueFrom": {"configMapKeyRef": reference}}))
        else:
            env.append(Flow({"name": name, "value": variable(text)}))
    secrets: dict[str, None] = dict.fromkeys([*config.secrets, *([store_secret] if store_secret else [])])
    sources: list[Yaml] = [Flow({"secretRef": {"name": name}}) for name in secrets]
    resources = _resources(config.resources) if config.resources is not None else {}
    pod: dict[str, Yaml] = {}
    if config.settings:
        from pipec.backends.argo import pods

        pod = pods.container_fields(config)
        for kind, amounts in pods.resources(config).items():
            resources[kind] = {**resources.get(kind, {}), **amounts}
    mounts: list[Yaml] = [] if image.has_code or images.mounts_code else [CODE_MOUNT]
    for field, own in (("env", env), ("envFrom", sources), ("volumeMounts", mounts)):
        if listed := [*own, *cast("list[Yaml]", pod.pop(field, []))]:
            fields[field] = listed
    if resources:
        fields["resources"] = {kind: Flow(amounts) for kind, amounts in resources.items()}
    return fields | pod


def _resources(resources: Resources) -> dict[str, dict[str, str]]:
    """CPU and memory are requested, as ZenML words them; a GPU must be a limit, which is its request too."""
    requests: dict[str, str] = {}
    if resources.cpu_count is not None:
        requests["cpu"] = f"{resources.cpu_count:g}"
    if resources.memory is not None:
        requests["memory"] = quantity(resources.memory)
    fields = {"requests": requests} if requests else {}
    if resources.gpu_count:
        fields["limits"] = {"nvidia.com/gpu": str(resources.gpu_count)}
    return fields


def quantity(memory: str) -> str:
    """ZenML's `4GB`, `512MiB` as Kubernetes writes them: `4G`, `512Mi`.

    Raises:
        ValueError: it is neither.
    """
    match = _MEMORY.fullmatch(memory)
    if match is None or (match[3] and not match[2]):
        raise ValueError(memory)
    unit = "k" if match[2] == "K" and not match[3] else match[2]
    return f"{match[1]}{unit}{match[3]}"


def requirements(call: Call, step: StepDef) -> tuple[str, ...]:
    """What the step needs installed: what its imports say, and what its Docker settings list."""
    listed = (call.config.docker or {}).get("requirements")
    extra = [entry for entry in listed if isinstance(entry, str)] if isinstance(listed, list | tuple) else []
    return tuple(dict.fromkeys([*step.closure.requirements, *extra]))

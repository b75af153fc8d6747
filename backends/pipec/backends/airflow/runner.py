"""How steps run: as children of the worker, in containers, or in pods; and what that makes of a step's configuration.

Before:   cpu_count=2, memory="4GB", gpu_count=1, secrets=["aws"]
Docker:   cpus=2, mem_limit=4000000000, device_requests=[DeviceRequest(count=1, capabilities=[["gpu"]])]
Pod:      container_resources=V1ResourceRequirements(requests={"cpu": "2", "memory": "4G"}, limits={"nvidia.com/gpu": "1"}),
          secrets=[Secret("env", None, "aws")]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pipec.backends.airflow.literals import Brackets, Node, call, literal, quoted
from pipec.compiler.lazy import pattern
from pipec.compiler.record import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.backend import Request
    from pipec.compiler.images.model import StepImage
    from pipec.compiler.ir.config import Config, Resources
    from pipec.compiler.ir.model import Pipeline
    from pipec.compiler.ir.values import Json

Operator = Literal["python", "docker", "kubernetes"]

_MEMORY = pattern(r"([0-9]+)([KMGTP])(i?)B")
_POWER = {"K": 1, "M": 2, "G": 3, "T": 4, "P": 5}


@dataclass(frozen=True, slots=True)
class Runner:
    """How the steps of one pipeline run.

    Attributes:
        operator: what starts a step.
        python: the interpreter of steps on the worker, if it is not the worker's own.
        secret: what every step gets to reach the store with.
        images: the image of each call, and of what is no step of the user's; empty for `python`.
    """

    operator: Operator = "python"
    python: str | None = None
    secret: str | None = None
    images: Mapping[str, StepImage] = field(default_factory=lambda: {})

    @property
    def image(self) -> str | None:
        """The image that most tasks have: the first one."""
        return next((one.reference for one in self.images.values()), None)

    def image_of(self, call_id: str) -> StepImage | None:
        """The image of a call, a gate or a hook."""
        if not self.images:
            return None
        # Most files have none.
        from pipec.compiler.images.model import EVERY_STEP

        return self.images.get(call_id) or self.images.get(EVERY_STEP)

    def settings(self, call_id: str) -> dict[str, Json]:
        """What the launcher needs to know of the interpreter and the code."""
        image = self.image_of(call_id)
        if image is None:
            return {"python": self.python} if self.python else {}
        found: dict[str, Json] = {"python": image.python} if image.python != "python" else {}
        return found if image.has_code else {**found, "code": "mounted"}

    def options(self, call_id: str, config: Config) -> dict[str, Node]:
        """Arguments of the operator that say where a step runs, and with what."""
        image = self.image_of(call_id)
        if image is None:
            return {}
        found: dict[str, Node] = {"image": quoted(image.reference)} if image.reference != self.image else {}
        if config.resources is not None and self.operator == "docker":
            found |= docker(config.resources)
        if self.operator == "kubernetes":
            found |= pod(config.resources, self._of_pod(config))
        if self.operator == "kubernetes" and (names := self.secrets(config)):
            items = (call("Secret", ("", quoted("env")), ("", "None"), ("", quoted(name))) for name in names)
            found["secrets"] = Brackets("[", tuple(("", item) for item in items), "]")
        return found

    def _of_pod(self, config: Config) -> Mapping[str, Mapping[str, Json]]:
        if not config.settings:
            return {}
        from pipec.backends.airflow.settings import pod_resources

        return pod_resources(config)

    def arguments(self, config: Config, pipeline: Pipeline) -> dict[str, Node]:
        """Further arguments of the operator, which settings ask for."""
        if not config.settings:
            return {}
        from pipec.backends.airflow.settings import arguments

        return arguments(config, pipeline, self)

    def secrets(self, config: Config) -> list[str]:
        """The names of a step's secrets, that of the store included."""
        return [*config.secrets, *((self.secret,) if self.secret and self.secret not in config.secrets else ())]


def runner_of(pipeline: Pipeline, request: Request) -> Runner:
    """How steps run that are compiled with some options."""
    python, secret = request.options.get("python"), request.options.get("artifact_secret")
    operator: Operator = "python"
    if request.images:
        asked = request.options.get("operator") or _asked(pipeline)
        operator = "kubernetes" if asked == "kubernetes" else "docker"
    return Runner(operator, str(python) if python else None, str(secret) if secret else None, request.images)


def _asked(pipeline: Pipeline) -> Operator | None:
    if not pipeline.config.settings:
        return None
    from pipec.backends.airflow.settings import operator_of

    return operator_of(pipeline)


def docker(resources: Resources) -> dict[str, Node]:
    """Resources as arguments of `DockerOperator`."""
    found: dict[str, Node] = {}
    if resources.cpu_count is not None:
        found["cpus"] = f"{resources.cpu_count:g}"
    if resources.memory is not None:
        found["mem_limit"] = repr(bytes_of(resources.memory))
    if resources.gpu_count:
        devices = ("count=", repr(resources.gpu_count)), ("capabilities=", literal([["gpu"]]))
        found["device_requests"] = Brackets("[", (("", call("DeviceRequest", *devices)),), "]")
    return found


def pod(resources: Resources | None, of_pod: Mapping[str, Mapping[str, Json]]) -> dict[str, Node]:
    """Resources as arguments of `KubernetesPodOperator`: CPU and memory are requested, a GPU must be a limit."""
    requests: dict[str, Json] = {}
    limits: dict[str, Json] = {}
    if resources is not None and resources.cpu_count is not None:
        requests["cpu"] = f"{resources.cpu_count:g}"
    if resources is not None and resources.memory is not None:
        requests["memory"] = quantity(resources.memory)
    if resources is not None and resources.gpu_count:
        limits["nvidia.com/gpu"] = str(resources.gpu_count)
    amounts = {"requests": {**requests, **of_pod.get("requests", {})}, "limits": {**limits, **of_pod.get("limits", {})}}
    given = [(f"{kind}=", literal(table)) for kind, table in amounts.items() if table]
    return {"container_resources": call("V1ResourceRequirements", *given)} if given else {}


def bytes_of(memory: str) -> int:
    """ZenML's `4GB`, `512MiB` in bytes.

    Raises:
        ValueError: it is neither.
    """
    amount, unit, is_binary = _parsed(memory)
    return amount * int((1024 if is_binary else 1000) ** _POWER[unit])


def quantity(memory: str) -> str:
    """ZenML's `4GB`, `512MiB` as Kubernetes writes them: `4G`, `512Mi`.

    Raises:
        ValueError: it is neither.
    """
    amount, unit, is_binary = _parsed(memory)
    return f"{amount}{unit}i" if is_binary else f"{amount}{'k' if unit == 'K' else unit}"


def is_memory(memory: str) -> bool:
    """Whether a text is an amount of memory."""
    return _MEMORY.fullmatch(memory) is not None


def _parsed(memory: str) -> tuple[int, str, bool]:
    match = _MEMORY.fullmatch(memory)
    if match is None:
        raise ValueError(memory)
    return int(match[1]), match[2], bool(match[3])

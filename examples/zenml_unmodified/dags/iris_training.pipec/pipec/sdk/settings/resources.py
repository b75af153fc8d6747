"""What hardware a step asks for (ZenML 0.98, `zenml.config.resource_settings`)."""

from __future__ import annotations

from typing import Any, Literal

from pipec.sdk._convert import Memory, NonNegativeInt, PositiveFloat, PositiveInt, Spelling
from pipec.sdk.enums import ByteUnit, ResourceRequestReclaimTolerance
from pipec.sdk.settings.base import BaseSettings


class PoolResourceDemand(BaseSettings):
    """A demand on a resource pool.

    Attributes:
        quantity: how many.
        name: what is asked for.
        kind: its kind, such as `gpu`.
        unit: unit of the quantity.
        class_name: exact capacity class.
        resource_selector: conditions on the resource.
        class_selector: conditions on the capacity class.
    """

    ALIASES = {"class": "class_name"}

    quantity: PositiveInt
    name: str | None = None
    kind: str | None = None
    unit: str | None = None
    class_name: str | None = None
    resource_selector: dict[str, Any] | None = None
    class_selector: dict[str, Any] | None = None


class ResourceSettings(BaseSettings):
    """Hardware of a step; the last five fields are for deployed pipelines only.

    Attributes:
        cpu_count: CPU cores.
        gpu_count: GPUs.
        gpu_class: capacity class of the GPUs.
        memory: main memory: a whole number and a unit, `512MB`, `4GiB`.
        resources: demands on resource pools: a name, `{name: count}`, or demands.
        reclaim_tolerance: which reclaiming of its capacity the step stands.
        allocation_wait_timeout_seconds: longest wait for the allocation, in seconds.
        initialization_lease_seconds: how long an allocation is kept while the step starts, in seconds.
        min_replicas: fewest instances; 0 allows none.
        max_replicas: most instances; 0 is no limit.
        autoscaling_metric: what is scaled on.
        autoscaling_target: value of the metric to keep, 70.0 for 70 % CPU.
        max_concurrency: most simultaneous requests of one instance.
    """

    cpu_count: PositiveFloat | None = None
    gpu_count: NonNegativeInt | None = None
    gpu_class: str | None = None
    memory: Memory | None = None
    resources: str | dict[str, PositiveInt] | PoolResourceDemand | list[PoolResourceDemand] = []
    reclaim_tolerance: ResourceRequestReclaimTolerance | Spelling = ResourceRequestReclaimTolerance.ANY
    allocation_wait_timeout_seconds: PositiveInt = 3600
    initialization_lease_seconds: PositiveInt = 3600
    min_replicas: NonNegativeInt | None = None
    max_replicas: NonNegativeInt | None = None
    autoscaling_metric: Literal["cpu", "memory", "concurrency", "rps"] | None = None
    autoscaling_target: PositiveFloat | None = None
    max_concurrency: PositiveInt | None = None

    @classmethod
    def _migrate(cls, values: dict[str, Any]) -> dict[str, Any]:
        preemptible, pool = values.pop("preemptible", None), values.pop("pool_resources", None)
        if preemptible is not None and values.get("reclaim_tolerance") is None:
            values["reclaim_tolerance"] = "coordinated" if preemptible else "none"
        if pool is not None and values.get("resources") is None:
            values["resources"] = pool
        return super()._migrate(values)

    def _check(self) -> None:
        if self.min_replicas and self.max_replicas and self.min_replicas > self.max_replicas:
            raise ValueError(
                f"ResourceSettings.min_replicas ({self.min_replicas}) is above max_replicas ({self.max_replicas})"
            )

    def get_memory(self, unit: str | ByteUnit = ByteUnit.GB) -> float | None:
        """The memory in a unit, or None where none is set.

        Raises:
            ValueError: for an unknown unit.
        """
        if not self.memory:
            return None
        number = self.memory.rstrip("iBKMGTP")
        return int(number) * ByteUnit(self.memory[len(number) :]).byte_value / ByteUnit(unit).byte_value

    @property
    def empty(self) -> bool:
        """Whether nothing that sizes a container is set."""
        pool_only = {"resources", "reclaim_tolerance", "gpu_class"}
        pool_only |= {"allocation_wait_timeout_seconds", "initialization_lease_seconds"}
        return not self.model_fields_set - pool_only

import os
from typing import Annotated

from pipec.sdk import (
    KubernetesOrchestratorSettings,
    KubernetesPodSettings,
    ResourceSettings,
    pipeline,
    step,
)

PODS = KubernetesPodSettings(
    node_selectors={"disk": "fast"},
    tolerations=[{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
    labels={"team": "ml"},
    annotations={"cost-centre": "17"},
    env=[{"name": "MODE", "value": "pod"}],
    env_from=[{"secretRef": {"name": "warehouse"}}],
    volumes=[{"name": "scratch", "emptyDir": {}}],
    volume_mounts=[{"name": "scratch", "mountPath": "/scratch"}],
    container_security_context={"runAsUser": 1000},
    scheduler_name="binpack",
    host_ipc=True,
    image_pull_secrets=["registry"],
    additional_pod_spec_args={"priorityClassName": "high"},
    resources={"limits": {"cpu": "2"}},
)


@step(
    settings={
        "orchestrator": KubernetesOrchestratorSettings(
            pod_settings=PODS, service_account_name="runner", privileged=True, synchronous=False
        ),
        "resources": ResourceSettings(memory="2GB", gpu_count=1),
    },
    environment={"OWN": "x"},
)
def show() -> Annotated[str, "show"]:
    return str({name: os.environ.get(name) for name in ("MODE", "OWN", "TOKEN")})


@pipeline(
    settings={
        "orchestrator": KubernetesOrchestratorSettings(
            max_parallelism=4, ttl_seconds_after_finished=600, concurrency_policy="Forbid"
        )
    }
)
def pods():
    return show()

"""What a step's container or pod can be told."""

from pipec.sdk import (
    AirflowOrchestratorSettings,
    KubernetesOrchestratorSettings,
    KubernetesPodSettings,
    ResourceSettings,
    pipeline,
    step,
)

POD = KubernetesPodSettings(
    node_selectors={"gpu": "a100"},
    tolerations=[{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
    volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "corpus"}}],
    volume_mounts=[{"name": "data", "mountPath": "/data", "readOnly": True}],
    image_pull_secrets=["registry"],
    labels={"team": "ml"},
    annotations={"sidecar.istio.io/inject": "false"},
    resources={"limits": {"memory": "8Gi"}},
    env_from=[{"configMapRef": {"name": "common"}}],
    env=[{"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
)


@step
def load(path: str) -> int:
    return len(path)


@step(
    secrets=["aws", "tracker"],
    environment={"PRICE": "$(HOME) {{ var.value.x }} $5"},
    settings={
        "resources": ResourceSettings(cpu_count=2.5, memory="4GB", gpu_count=1),
        "orchestrator.kubernetes": KubernetesOrchestratorSettings(service_account_name="trainer", pod_settings=POD),
        "orchestrator.airflow": AirflowOrchestratorSettings(operator_args={"pool": "gpu", "priority_weight": 3}),
    },
)
def train(rows: int) -> float:
    return rows / 2


@pipeline(
    settings={
        "orchestrator.airflow": AirflowOrchestratorSettings(
            operator="kubernetes_pod", dag_tags=["nightly"], dag_args={"max_active_runs": 1}, operator_args={"queue": "ml"}
        )
    }
)
def pods(path: str = "{{ ds }}") -> float:
    return train(load(path))

"""Pods: objects of the kubernetes client become manifests, in the flavours of three orchestrators."""

from kubernetes.client.models import V1Affinity, V1NodeAffinity, V1NodeSelector, V1NodeSelectorRequirement
from kubernetes.client.models import V1NodeSelectorTerm, V1Toleration
from kubernetes import client
from zenml import pipeline, step
from zenml.integrations.airflow.flavors.airflow_orchestrator_flavor import AirflowOrchestratorSettings
from zenml.integrations.kubeflow.flavors.kubeflow_orchestrator_flavor import KubeflowOrchestratorSettings
from zenml.integrations.kubernetes.flavors.kubernetes_orchestrator_flavor import KubernetesOrchestratorSettings
from zenml.integrations.kubernetes.pod_settings import KubernetesPodSettings

pod = KubernetesPodSettings(
    affinity=V1Affinity(
        node_affinity=V1NodeAffinity(
            required_during_scheduling_ignored_during_execution=V1NodeSelector(
                node_selector_terms=[
                    V1NodeSelectorTerm(
                        match_expressions=[V1NodeSelectorRequirement(key="gpu", operator="In", values=["a100"])]
                    )
                ]
            )
        )
    ),
    tolerations=[V1Toleration(key="gpu", operator="Exists", effect="NoSchedule")],
    volumes=[client.V1Volume(name="data", host_path=client.V1HostPathVolumeSource(path="/data"))],
    volume_mounts=[client.V1VolumeMount(name="data", mount_path="/data", read_only=True)],
    env=[client.V1EnvVar(name="IP", value_from=client.V1EnvVarSource(
        field_ref=client.V1ObjectFieldSelector(field_path="status.podIP")))],
    container_security_context=client.V1SecurityContext(run_as_user=1000, se_linux_options=None),
    additional_pod_spec_args={"host_pid": True},
    labels={"team": "ml"},
)


@step(settings={"orchestrator.kubernetes": KubernetesOrchestratorSettings(pod_settings=pod, privileged=True)})
def load(rows: int = 3) -> int:
    return rows


@step(settings={"orchestrator": {"pod_settings": {"node_selectors": {"disk": "ssd"}}}})
def train(x: int, lr: float = 0.1) -> float:
    return x * lr


@pipeline(
    settings={
        "orchestrator.airflow": AirflowOrchestratorSettings(dag_tags=["ml"], operator="kubernetes_pod"),
        "orchestrator.kubeflow": KubeflowOrchestratorSettings(timeout=60, user_namespace="ml"),
        "deployment": {"app_title": "served"},
    }
)
def training(rows: int = 3):
    train(load(rows))

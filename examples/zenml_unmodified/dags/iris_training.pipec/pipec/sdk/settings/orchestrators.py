"""Settings of ZenML's Airflow and Kubeflow orchestrators (0.98)."""

from __future__ import annotations

from typing import Any

from pipec.sdk.enums import OperatorType
from pipec.sdk.settings.base import BaseSettings
from pipec.sdk.settings.kubernetes import KubernetesPodSettings


class AirflowOrchestratorSettings(BaseSettings):
    """The Airflow DAG and its operators.

    Attributes:
        dag_output_dir: folder for the DAG file; on a pipeline only.
        dag_id: id of the DAG; on a pipeline only.
        dag_tags: tags of the DAG; on a pipeline only.
        dag_args: further arguments of `DAG(…)`; on a pipeline only.
        operator: `docker`, `kubernetes_pod`, `gke_start_pod`, or the dotted name of an operator.
        operator_args: further arguments of the operator.
        custom_dag_generator: dotted name of a module that ZenML generates with.
    """

    dag_output_dir: str | None = None
    dag_id: str | None = None
    dag_tags: list[str] = []
    dag_args: dict[str, Any] = {}
    operator: OperatorType | str = OperatorType.DOCKER
    operator_args: dict[str, Any] = {}
    custom_dag_generator: str | None = None

    @classmethod
    def _migrate(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("operator") in ("docker", "kubernetes_pod", "gke_start_pod"):
            values["operator"] = OperatorType(values["operator"])
        return super()._migrate(values)


class KubeflowOrchestratorSettings(BaseSettings):
    """How runs are submitted to Kubeflow Pipelines.

    Attributes:
        synchronous: the client waits for the run.
        timeout: longest wait of a synchronous run, in seconds.
        client_args: arguments of the KFP client.
        client_username: user for the session cookie; with `client_password`.
        client_password: password for the session cookie; with `client_username`.
        user_namespace: namespace of experiments and runs.
        pod_settings: pods of the steps.
        node_selectors: deprecated, see `pod_settings`.
        node_affinity: deprecated, see `pod_settings`: label → values that the node may have.
    """

    synchronous: bool = True
    timeout: int = 1200
    client_args: dict[str, Any] = {}
    client_username: str | None = None
    client_password: str | None = None
    user_namespace: str | None = None
    pod_settings: KubernetesPodSettings | None = None
    node_selectors: dict[str, str] = {}
    node_affinity: dict[str, list[str]] = {}

    def _check(self) -> None:
        if (self.client_username is None) != (self.client_password is None):
            raise ValueError(
                "KubeflowOrchestratorSettings.client_username and client_password go together: one is missing"
            )

"""Which names of ZenML are answered by which of `pipec.sdk`. Data: readers of the source need no import.

`MODULES`: the path of a ZenML module → the names it answers; each is the public name of `pipec.sdk` that is meant, or
`theirs=ours`. Every parent of a path is a package that can be imported.
`SUBMODULES`: modules that are answered as a whole.
`REMOVED`: names of older ZenML versions → what to write instead.
"""

from __future__ import annotations

MODULES = {
    "zenml": (
        "ArtifactConfig CommandStep ExternalArtifact Model Schedule Tag add_tags bulk_log_metadata"
        " get_pipeline_context get_step_context link_artifact_to_model load_artifact log_artifact_metadata log_metadata"
        " log_model_metadata log_step_metadata pipeline register_artifact remove_tags run_hook save_artifact show step"
        " unmapped wait"
    ),
    "zenml.artifacts": "ArtifactConfig ExternalArtifact UnmaterializedArtifact",
    "zenml.artifacts.artifact_config": "ArtifactConfig",
    "zenml.artifacts.external_artifact": "ExternalArtifact",
    "zenml.artifacts.unmaterialized_artifact": "UnmaterializedArtifact",
    "zenml.artifacts.utils": "load_artifact log_artifact_metadata register_artifact save_artifact",
    "zenml.client": "Client",
    "zenml.config": (
        "AppExtensionSpec ByteUnit CORSConfig CachePolicy DeploymentDefaultEndpoints DeploymentDefaultMiddleware"
        " DeploymentSettings DockerSettings EndpointMethod EndpointSpec MiddlewareSpec PipelineRunConfiguration"
        " PoolResourceDemand PythonEnvironmentExportMethod PythonPackageInstaller ResourceSettings Schedule"
        " SecureHeadersConfig StepRetryConfig"
    ),
    "zenml.config.base_settings": "BaseSettings",
    "zenml.config.cache_policy": "CachePolicy",
    "zenml.config.deployment_settings": (
        "AppExtensionSpec CORSConfig DeploymentDefaultEndpoints DeploymentDefaultMiddleware DeploymentSettings"
        " EndpointMethod EndpointSpec MiddlewareSpec SecureHeadersConfig"
    ),
    "zenml.config.docker_settings": (
        "DockerBuildConfig DockerBuildOptions DockerSettings PythonEnvironmentExportMethod PythonPackageInstaller"
    ),
    "zenml.config.pipeline_run_configuration": "PipelineRunConfiguration",
    "zenml.config.resource_settings": "ByteUnit PoolResourceDemand ResourceSettings",
    "zenml.config.retry_config": "StepRetryConfig",
    "zenml.config.schedule": "Schedule",
    "zenml.config.step_configurations": "GroupInfo StepConfigurationUpdate",
    "zenml.enums": (
        "ArtifactType ColorVariants ExecutionMode ExecutionStatus GroupType HookType LoggingLevels ModelStages"
        " ResourceRequestReclaimTolerance RunWaitConditionType StackComponentType StepRuntime StepType"
        " VisualizationType"
    ),
    "zenml.exceptions": "MaterializerInterfaceError StepContextError StepInterfaceError ZenMLBaseException=PipecError",
    "zenml.execution.pipeline.dynamic.utils": "unmapped wait",
    "zenml.hooks": "alerter_failure_hook alerter_success_hook run_hook",
    "zenml.hooks.alerter_hooks": "alerter_failure_hook alerter_success_hook",
    "zenml.integrations.airflow.flavors": "AirflowOrchestratorSettings",
    "zenml.integrations.airflow.flavors.airflow_orchestrator_flavor": "AirflowOrchestratorSettings OperatorType",
    "zenml.integrations.kubeflow.flavors": "KubeflowOrchestratorSettings",
    "zenml.integrations.kubeflow.flavors.kubeflow_orchestrator_flavor": "KubeflowOrchestratorSettings",
    "zenml.integrations.kubernetes": "KubernetesPodSettings",
    "zenml.integrations.kubernetes.flavors": "KubernetesOrchestratorSettings",
    "zenml.integrations.kubernetes.flavors.kubernetes_orchestrator_flavor": "KubernetesOrchestratorSettings",
    "zenml.integrations.kubernetes.pod_settings": "KubernetesPodSettings",
    "zenml.logger": "get_logger",
    "zenml.materializers": "BaseMaterializer",
    "zenml.materializers.base_materializer": "BaseMaterializer",
    "zenml.metadata.metadata_types": "DType MetadataType Path StorageSize Uri",
    "zenml.model": "Model",
    "zenml.model.model": "Model",
    "zenml.model.utils": "link_artifact_to_model log_model_metadata",
    "zenml.pipelines": "Pipeline PipelineContext Schedule get_pipeline_context pipeline",
    "zenml.pipelines.pipeline_context": "PipelineContext get_pipeline_context",
    "zenml.pipelines.pipeline_decorator": "pipeline",
    "zenml.pipelines.pipeline_definition": "Pipeline",
    "zenml.steps": "BaseParameters BaseStep BaseStepConfig CommandStep Output ResourceSettings StepContext get_step_context step",
    "zenml.steps.base_parameters": "BaseParameters",
    "zenml.steps.base_step": "BaseStep",
    "zenml.steps.command_step": "CommandStep",
    "zenml.steps.step_context": "StepContext get_step_context",
    "zenml.steps.step_decorator": "step",
    "zenml.steps.utils": "log_step_metadata",
    "zenml.types": "CSVString HTMLString JSONString MarkdownString",
    "zenml.utils.dashboard_utils": "show_dashboard=show",
    "zenml.utils.metadata_utils": "bulk_log_metadata log_metadata",
    "zenml.utils.tag_utils": "Tag add_tags remove_tags",
}

SUBMODULES = {
    "zenml.integrations.constants": "pipec.sdk.integrations",
    "zenml.io.fileio": "pipec.sdk.fileio",
}

REMOVED = {
    "zenml.pipelines.BasePipeline": "decorate a function with `@pipeline`",
    "zenml.pipelines.base_pipeline.BasePipeline": "decorate a function with `@pipeline`",
    "zenml.model.ModelConfig": "use `zenml.Model`",
    "zenml.model.ModelVersion": "use `zenml.Model`",
    "zenml.artifacts.ModelArtifact": "use `ArtifactConfig(artifact_type=ArtifactType.MODEL)`",
    "zenml.post_execution": "read runs with `pipec runs`",
}


def answer(module: str, name: str) -> str | None:
    """The public name of `pipec.sdk` for a name of a ZenML module, or None.

    >>> answer("zenml.config.schedule", "Schedule"), answer("zenml.exceptions", "ZenMLBaseException")
    ('Schedule', 'PipecError')
    """
    for entry in MODULES.get(module, "").split():
        theirs, _, ours = entry.partition("=")
        if theirs == name:
            return ours or theirs
    return None


def missing(module: str, name: str) -> str:
    """Why `from module import name` is not answered, for the message of an ImportError."""
    if hint := REMOVED.get(f"{module}.{name}"):
        return f"`{module}.{name}` is gone: {hint}"
    from pipec.sdk._record import near_names

    known = [entry.partition("=")[0] for entry in MODULES.get(module, "").split()]
    return f"pipec has no `{module}.{name}`{near_names(name, known)}; see `pipec.sdk.__all__`"

"""Settings types. `MODULES` says which module here declares which class.

Every module is plain data to a reader of its source: classes of annotated assignments with literal defaults (names of
enum members count as literals), an `Attributes:` section that documents each field with its unit, and the constraints
in the types. Rules over several fields are the `_check` methods, and few.
"""

from __future__ import annotations

MODULES = {
    "AirflowOrchestratorSettings": "orchestrators",
    "AppExtensionSpec": "deployment",
    "ArtifactConfig": "artifacts",
    "BaseSettings": "base",
    "CORSConfig": "deployment",
    "CachePolicy": "policies",
    "DeploymentSettings": "deployment",
    "DockerBuildConfig": "docker",
    "DockerBuildOptions": "docker",
    "DockerSettings": "docker",
    "EndpointSpec": "deployment",
    "ExternalArtifact": "artifacts",
    "GroupInfo": "run",
    "KubeflowOrchestratorSettings": "orchestrators",
    "KubernetesOrchestratorSettings": "kubernetes",
    "KubernetesPodSettings": "kubernetes",
    "MiddlewareSpec": "deployment",
    "Model": "model",
    "PipelineRunConfiguration": "run",
    "PoolResourceDemand": "resources",
    "ResourceSettings": "resources",
    "Schedule": "schedule",
    "SecureHeadersConfig": "deployment",
    "StepConfigurationUpdate": "run",
    "StepRetryConfig": "policies",
    "Tag": "artifacts",
}

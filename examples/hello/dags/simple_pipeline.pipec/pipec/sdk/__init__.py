"""What user code imports: `from pipec.sdk import pipeline, step`.

It is ZenML's authoring API with the standard library alone, and the same code answers `import zenml` inside a step
(`pipec.sdk._zenml_names`). Names load when they are used; `_HOME` says where they live.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.sdk.settings import MODULES as _SETTINGS

if TYPE_CHECKING:
    from pipec.sdk.artifacts import ArtifactVersion as ArtifactVersion
    from pipec.sdk.artifacts import UnmaterializedArtifact as UnmaterializedArtifact
    from pipec.sdk.client import Client as Client
    from pipec.sdk.context import StepContext as StepContext
    from pipec.sdk.context import get_step_context as get_step_context
    from pipec.sdk.enums import *  # noqa: F403
    from pipec.sdk.exceptions import MaterializerInterfaceError as MaterializerInterfaceError
    from pipec.sdk.exceptions import PipecError as PipecError
    from pipec.sdk.exceptions import ServerError as ServerError
    from pipec.sdk.exceptions import StepContextError as StepContextError
    from pipec.sdk.exceptions import StepFailed as StepFailed
    from pipec.sdk.exceptions import StepInterfaceError as StepInterfaceError
    from pipec.sdk.futures import MapResultsFuture as MapResultsFuture
    from pipec.sdk.futures import StepFuture as StepFuture
    from pipec.sdk.futures import unmapped as unmapped
    from pipec.sdk.legacy import BaseParameters as BaseParameters
    from pipec.sdk.legacy import BaseStepConfig as BaseStepConfig
    from pipec.sdk.legacy import Output as Output
    from pipec.sdk.materializers import BaseMaterializer as BaseMaterializer
    from pipec.sdk.pipelines import Pipeline as Pipeline
    from pipec.sdk.pipelines import PipelineContext as PipelineContext
    from pipec.sdk.pipelines import get_pipeline_context as get_pipeline_context
    from pipec.sdk.pipelines import pipeline as pipeline
    from pipec.sdk.pipelines import wait as wait
    from pipec.sdk.settings.artifacts import ArtifactConfig as ArtifactConfig
    from pipec.sdk.settings.artifacts import ExternalArtifact as ExternalArtifact
    from pipec.sdk.settings.artifacts import Tag as Tag
    from pipec.sdk.settings.base import BaseSettings as BaseSettings
    from pipec.sdk.settings.deployment import AppExtensionSpec as AppExtensionSpec
    from pipec.sdk.settings.deployment import CORSConfig as CORSConfig
    from pipec.sdk.settings.deployment import DeploymentSettings as DeploymentSettings
    from pipec.sdk.settings.deployment import EndpointSpec as EndpointSpec
    from pipec.sdk.settings.deployment import MiddlewareSpec as MiddlewareSpec
    from pipec.sdk.settings.deployment import SecureHeadersConfig as SecureHeadersConfig
    from pipec.sdk.settings.docker import DockerBuildConfig as DockerBuildConfig
    from pipec.sdk.settings.docker import DockerBuildOptions as DockerBuildOptions
    from pipec.sdk.settings.docker import DockerSettings as DockerSettings
    from pipec.sdk.settings.kubernetes import KubernetesOrchestratorSettings as KubernetesOrchestratorSettings
    from pipec.sdk.settings.kubernetes import KubernetesPodSettings as KubernetesPodSettings
    from pipec.sdk.settings.model import Model as Model
    from pipec.sdk.settings.orchestrators import AirflowOrchestratorSettings as AirflowOrchestratorSettings
    from pipec.sdk.settings.orchestrators import KubeflowOrchestratorSettings as KubeflowOrchestratorSettings
    from pipec.sdk.settings.policies import CachePolicy as CachePolicy
    from pipec.sdk.settings.policies import StepRetryConfig as StepRetryConfig
    from pipec.sdk.settings.resources import PoolResourceDemand as PoolResourceDemand
    from pipec.sdk.settings.resources import ResourceSettings as ResourceSettings
    from pipec.sdk.settings.run import GroupInfo as GroupInfo
    from pipec.sdk.settings.run import PipelineRunConfiguration as PipelineRunConfiguration
    from pipec.sdk.settings.run import StepConfigurationUpdate as StepConfigurationUpdate
    from pipec.sdk.settings.schedule import Schedule as Schedule
    from pipec.sdk.stand_ins import alerter_failure_hook as alerter_failure_hook
    from pipec.sdk.stand_ins import alerter_success_hook as alerter_success_hook
    from pipec.sdk.stand_ins import get_logger as get_logger
    from pipec.sdk.stand_ins import run_hook as run_hook
    from pipec.sdk.stand_ins import show as show
    from pipec.sdk.steps import BaseStep as BaseStep
    from pipec.sdk.steps import CommandStep as CommandStep
    from pipec.sdk.steps import Step as Step
    from pipec.sdk.steps import step as step
    from pipec.sdk.tracking import add_tags as add_tags
    from pipec.sdk.tracking import bulk_log_metadata as bulk_log_metadata
    from pipec.sdk.tracking import link_artifact_to_model as link_artifact_to_model
    from pipec.sdk.tracking import load_artifact as load_artifact
    from pipec.sdk.tracking import log_artifact_metadata as log_artifact_metadata
    from pipec.sdk.tracking import log_metadata as log_metadata
    from pipec.sdk.tracking import log_model_metadata as log_model_metadata
    from pipec.sdk.tracking import log_step_metadata as log_step_metadata
    from pipec.sdk.tracking import register_artifact as register_artifact
    from pipec.sdk.tracking import remove_tags as remove_tags
    from pipec.sdk.tracking import save_artifact as save_artifact
    from pipec.sdk.values import CSVString as CSVString
    from pipec.sdk.values import DType as DType
    from pipec.sdk.values import HTMLString as HTMLString
    from pipec.sdk.values import JSONString as JSONString
    from pipec.sdk.values import MarkdownString as MarkdownString
    from pipec.sdk.values import MetadataType as MetadataType
    from pipec.sdk.values import Path as Path
    from pipec.sdk.values import StorageSize as StorageSize
    from pipec.sdk.values import Uri as Uri

_NAMES = {
    "artifacts": "ArtifactVersion UnmaterializedArtifact",
    "client": "Client",
    "context": "StepContext get_step_context",
    "enums": "ArtifactType ByteUnit ColorVariants DeploymentDefaultEndpoints DeploymentDefaultMiddleware"
    " EndpointMethod ExecutionMode ExecutionStatus GroupType HookType LoggingLevels ModelStages OperatorType"
    " PythonEnvironmentExportMethod PythonPackageInstaller ResourceRequestReclaimTolerance RunWaitConditionType"
    " StackComponentType StepRuntime StepType VisualizationType",
    "exceptions": "MaterializerInterfaceError PipecError ServerError StepContextError StepFailed StepInterfaceError",
    "legacy": "BaseParameters BaseStepConfig Output",
    "futures": "MapResultsFuture StepFuture unmapped",
    "materializers": "BaseMaterializer",
    "pipelines": "Pipeline PipelineContext get_pipeline_context pipeline wait",
    "stand_ins": "alerter_failure_hook alerter_success_hook get_logger run_hook show",
    "steps": "BaseStep CommandStep Step step",
    "tracking": "add_tags bulk_log_metadata link_artifact_to_model load_artifact log_artifact_metadata log_metadata"
    " log_model_metadata log_step_metadata register_artifact remove_tags save_artifact",
    "values": "CSVString DType HTMLString JSONString MarkdownString MetadataType Path StorageSize Uri",
}
_HOME = {
    **{name: module for module, names in _NAMES.items() for name in names.split()},
    **{name: f"settings.{module}" for name, module in _SETTINGS.items()},
}

# `Path` is metadata here: a star import must not replace that of `pathlib`; three names are for old programs only.
__all__ = sorted({*_HOME} - {"BaseParameters", "BaseStepConfig", "Output", "Path"})  # noqa: PLE0605  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    """Load a public name.

    Raises:
        AttributeError: for a name that there is none of, with near names; ImportError in a `from … import`.
    """
    if name in _HOME:
        import importlib

        value = getattr(importlib.import_module(f"pipec.sdk.{_HOME[name]}"), name)
        globals()[name] = value
        return value
    import sys
    from importlib.util import find_spec

    # A submodule that is about to be imported must look absent; anything else a `from` import asks for is an error.
    is_import = sys._getframe(1).f_code.co_name == "_handle_fromlist"  # pyright: ignore[reportPrivateUsage]
    if name.startswith("__") or (is_import and find_spec(f"pipec.sdk.{name}")):
        raise AttributeError(name)
    from pipec.sdk._record import near_names

    text = f"pipec.sdk has no `{name}`{near_names(name, __all__)}; see `pipec.sdk.__all__`"
    raise ImportError(text, name=name) if is_import else AttributeError(text)


def __dir__() -> list[str]:
    return __all__

"""Enumerations of the authoring API. Every member is a string: `ExecutionMode.FAIL_FAST == "fail_fast"`.

Names and values are ZenML 0.98's (`zenml.enums`, `zenml.config`).
"""

from __future__ import annotations

from enum import Enum, IntEnum, IntFlag, StrEnum, auto


class ExecutionMode(StrEnum):
    """What a run does with its other steps once one has failed."""

    FAIL_FAST = "fail_fast"
    STOP_ON_FAILURE = "stop_on_failure"
    CONTINUE_ON_FAILURE = "continue_on_failure"


class StepRuntime(StrEnum):
    """Where a step of a dynamic pipeline runs."""

    INLINE = "inline"
    ISOLATED = "isolated"


class StepType(StrEnum):
    """What a step calls; a label without effect."""

    TOOL_CALL = "tool_call"
    LLM_CALL = "llm_call"
    MEMORY_CALL = "memory_call"


class GroupType(StrEnum):
    """How the steps of a visual group came together."""

    MANUAL = "manual"
    MAP = "map"


class ArtifactType(StrEnum):
    """What an artifact is for."""

    DATA_ANALYSIS = "DataAnalysisArtifact"
    DATA = "DataArtifact"
    MODEL = "ModelArtifact"
    SCHEMA = "SchemaArtifact"
    SERVICE = "ServiceArtifact"
    STATISTICS = "StatisticsArtifact"
    BASE = "BaseArtifact"


class VisualizationType(StrEnum):
    """What a saved visualisation is."""

    CSV = "csv"
    HTML = "html"
    IMAGE = "image"
    MARKDOWN = "markdown"
    JSON = "json"


class ModelStages(StrEnum):
    """Stages of a model version; `latest` names the newest version."""

    NONE = "none"
    STAGING = "staging"
    PRODUCTION = "production"
    ARCHIVED = "archived"
    LATEST = "latest"


class ExecutionStatus(StrEnum):
    """States of a step or a run."""

    INITIALIZING = "initializing"
    PROVISIONING = "provisioning"
    QUEUED = "queued"
    RUNNING = "running"
    FAILED = "failed"
    COMPLETED = "completed"
    CACHED = "cached"
    SKIPPED = "skipped"
    RETRYING = "retrying"
    RETRIED = "retried"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    PAUSED = "paused"
    RESUMING = "resuming"
    STOPPED = "stopped"
    STOPPING = "stopping"


class HookType(StrEnum):
    """The event that a hook answers."""

    RUN_START = "run_start"
    RUN_SUCCESS = "run_success"
    RUN_FAILURE = "run_failure"
    RUN_END = "run_end"
    RUN_PAUSE = "run_pause"
    RUN_RESUME = "run_resume"
    STEP_START = "step_start"
    STEP_END = "step_end"
    STEP_SUCCESS = "step_success"
    STEP_FAILURE = "step_failure"
    CUSTOM = "custom"


class RunWaitConditionType(StrEnum):
    """What `wait()` waits for."""

    EXTERNAL_INPUT = "external_input"


class StackComponentType(StrEnum):
    """Kinds of stack components; the keys that `settings=` takes besides `docker`, `resources`, `deployment`."""

    ALERTER = "alerter"
    ANNOTATOR = "annotator"
    ARTIFACT_STORE = "artifact_store"
    CONTAINER_REGISTRY = "container_registry"
    DATA_VALIDATOR = "data_validator"
    EXPERIMENT_TRACKER = "experiment_tracker"
    FEATURE_STORE = "feature_store"
    IMAGE_BUILDER = "image_builder"
    LOG_STORE = "log_store"
    MODEL_DEPLOYER = "model_deployer"
    ORCHESTRATOR = "orchestrator"
    STEP_OPERATOR = "step_operator"
    MODEL_REGISTRY = "model_registry"
    DEPLOYER = "deployer"
    SANDBOX = "sandbox"


class ColorVariants(StrEnum):
    """Colours of a tag."""

    GREY = "grey"
    PURPLE = "purple"
    RED = "red"
    GREEN = "green"
    YELLOW = "yellow"
    ORANGE = "orange"
    LIME = "lime"
    TEAL = "teal"
    TURQUOISE = "turquoise"
    MAGENTA = "magenta"
    BLUE = "blue"


class PythonPackageInstaller(Enum):
    """What installs Python packages into an image."""

    PIP = "pip"
    UV = "uv"


class PythonEnvironmentExportMethod(Enum):
    """How the local environment is listed; deprecated in favour of a boolean."""

    PIP_FREEZE = "pip_freeze"
    UV_FREEZE = "uv_freeze"
    POETRY_EXPORT = "poetry_export"


class ResourceRequestReclaimTolerance(StrEnum):
    """Which reclaiming of its capacity a step stands."""

    NONE = "none"
    COORDINATED = "coordinated"
    ANY = "any"


class OperatorType(Enum):
    """Short names of Airflow operators."""

    DOCKER = "docker"
    KUBERNETES_POD = "kubernetes_pod"
    GKE_START_POD = "gke_start_pod"


class ByteUnit(Enum):
    """Units of `ResourceSettings.memory`: decimal (`GB`) and binary (`GiB`)."""

    B = "B"
    KB = "KB"
    KIB = "KiB"
    MB = "MB"
    MIB = "MiB"
    GB = "GB"
    GIB = "GiB"
    TB = "TB"
    TIB = "TiB"
    PB = "PB"
    PIB = "PiB"

    @property
    def byte_value(self) -> int:
        """How many bytes one unit is."""
        unit: str = self.value
        return int((1024 if "i" in unit else 1000) ** "BKMGTP".index(unit[0]))


class EndpointMethod(StrEnum):
    """HTTP methods of a deployment endpoint."""

    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"


class LoggingLevels(IntEnum):
    """Levels of `logging`."""

    NOTSET = 0
    DEBUG = 10
    INFO = 20
    WARN = 30
    WARNING = 30
    ERROR = 40
    CRITICAL = 50


class DeploymentDefaultEndpoints(IntFlag):
    """Endpoints that a deployed pipeline serves."""

    NONE = 0
    DOCS = auto()
    REDOC = auto()
    INVOKE = auto()
    HEALTH = auto()
    INFO = auto()
    METRICS = auto()
    DASHBOARD = auto()
    SUBMIT = auto()

    DOC = DOCS | REDOC
    API = INVOKE | SUBMIT | HEALTH | INFO | METRICS
    ALL = DOCS | REDOC | INVOKE | SUBMIT | HEALTH | INFO | METRICS | DASHBOARD


class DeploymentDefaultMiddleware(IntFlag):
    """Middleware that a deployed pipeline uses."""

    NONE = 0
    CORS = auto()
    SECURE_HEADERS = auto()

    ALL = CORS | SECURE_HEADERS

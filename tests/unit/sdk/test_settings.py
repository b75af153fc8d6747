"""Settings check what they are given, keep what was given, and are data to a reader of their source."""

from __future__ import annotations

import ast
import inspect
import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest

import pipec.sdk
from pipec.sdk import (
    AirflowOrchestratorSettings,
    ArtifactConfig,
    ArtifactType,
    BaseSettings,
    ByteUnit,
    CachePolicy,
    Client,
    DeploymentSettings,
    DockerBuildConfig,
    DockerBuildOptions,
    DockerSettings,
    KubernetesOrchestratorSettings,
    KubernetesPodSettings,
    Model,
    ModelStages,
    OperatorType,
    PipelineRunConfiguration,
    PoolResourceDemand,
    PythonPackageInstaller,
    ResourceSettings,
    Schedule,
    StepRetryConfig,
    Tag,
    settings,
)


def build(name: str, **fields: Any) -> Any:
    return getattr(pipec.sdk, name)(**fields)


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("DockerSettings", {"skip_build": "yes"}, "DockerSettings.skip_build must be bool, not 'yes'"),
        ("DockerSettings", {"skip_build": True}, "DockerSettings.skip_build needs `parent_image`"),
        (
            "DockerSettings",
            {"python_package_installer": "conda"},
            "DockerSettings.python_package_installer must be one of 'pip', 'uv', not 'conda'",
        ),
        ("DockerSettings", {"requirements": 3}, "DockerSettings.requirements must be str | list[str] | None, not 3"),
        ("DockerSettings", {"apt_packages": "git"}, "DockerSettings.apt_packages must be list[str], not 'git'"),
        ("DockerSettings", {"apt_packages": ["git", 1]}, "DockerSettings.apt_packages[1] must be list[str], not 1"),
        (
            "DockerSettings",
            {"source_files": "copy"},
            "DockerSettings.source_files must be one of 'download', 'include'",
        ),
        ("ResourceSettings", {"cpu_count": 0}, "ResourceSettings.cpu_count must be a number above 0, not 0"),
        (
            "ResourceSettings",
            {"gpu_count": -1},
            "ResourceSettings.gpu_count must be a whole number, 0 or above, not -1",
        ),
        ("ResourceSettings", {"gpu_count": 1.5}, "ResourceSettings.gpu_count must be NonNegativeInt | None, not 1.5"),
        ("ResourceSettings", {"memory": "2Gi"}, "ResourceSettings.memory must be an amount such as `512MB` or `4GiB`"),
        ("ResourceSettings", {"memory": "4Gb"}, "ResourceSettings.memory must be an amount"),
        ("ResourceSettings", {"memory": "1.5GB"}, "ResourceSettings.memory must be an amount"),
        (
            "ResourceSettings",
            {"min_replicas": 3, "max_replicas": 2},
            "ResourceSettings.min_replicas (3) is above max_replicas (2)",
        ),
        (
            "ResourceSettings",
            {"autoscaling_metric": "disk"},
            "ResourceSettings.autoscaling_metric must be one of 'cpu', 'memory', 'concurrency', 'rps', not 'disk'",
        ),
        ("ResourceSettings", {"resources": {"tpu": 0}}, "ResourceSettings.resources"),
        ("StepRetryConfig", {"max_retries": 0}, "StepRetryConfig.max_retries must be a whole number above 0, not 0"),
        ("StepRetryConfig", {"delay": "soon"}, "StepRetryConfig.delay must be NonNegativeInt, not 'soon'"),
        ("Schedule", {}, "Schedule needs `cron_expression`, or `start_time` with `interval_second`"),
        ("Schedule", {"interval_second": 60}, "Schedule needs `cron_expression`"),
        ("Schedule", {"run_once_start_time": "tomorrow"}, "Schedule.run_once_start_time must be datetime"),
        (
            "CachePolicy",
            {"max_age_days": 1, "expires_after": 60},
            "CachePolicy.max_age_days (1.0) and expires_after (60",
        ),
        (
            "ArtifactConfig",
            {"artifact_type": "Data"},
            "ArtifactConfig.artifact_type must be one of 'DataAnalysisArtifact'",
        ),
        (
            "ArtifactConfig",
            {"is_model_artifact": True, "is_deployment_artifact": True},
            "ArtifactConfig: an artifact is a model or a deployment, not both",
        ),
        ("KubeflowOrchestratorSettings", {"client_username": "me"}, "KubeflowOrchestratorSettings.client_username and"),
        (
            "KubernetesOrchestratorSettings",
            {"concurrency_policy": "queue"},
            "KubernetesOrchestratorSettings.concurrency_policy must be one of 'Allow', 'Forbid', 'Replace', not 'Queue'",
        ),
        (
            "KubernetesOrchestratorSettings",
            {"interrupt_check_interval": 0.1},
            "KubernetesOrchestratorSettings.interrupt_check_interval must be 0.5 or above",
        ),
        ("StepConfigurationUpdate", {"heartbeat_healthy_threshold": 61}, "StepConfigurationUpdate.heartbeat_healthy"),
        ("KubernetesPodSettings", {"labels": {"a": 1}}, "KubernetesPodSettings.labels['a'] must be"),
    ],
)
def test_wrong_values(name: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        build(name, **fields)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("name", "fields", "message"),
    [
        ("ResourceSettings", {"cpu": 3}, "ResourceSettings has no field `cpu`"),
        (
            "DockerSettings",
            {"requirement": []},
            "DockerSettings has no field `requirement` (did you mean `requirements`?)",
        ),
        ("Schedule", {"cron": "* * * * *"}, "Schedule has no field `cron`"),
        ("Model", {}, "Model needs `name`"),
        ("Tag", {"color": "red"}, "Tag needs `name`"),
    ],
)
def test_unknown_and_missing_fields(name: str, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(TypeError) as raised:
        build(name, **fields)
    assert str(raised.value) == message


def test_only_keywords() -> None:
    positional: Any = Model
    with pytest.raises(TypeError, match="positional"):
        positional("churn")


def test_values_are_converted() -> None:
    assert DockerSettings(python_package_installer="pip").python_package_installer is PythonPackageInstaller.PIP
    assert DockerSettings(requirements="requirements.txt").requirements == "requirements.txt"
    assert build("DockerSettings", requirements=("a", "b")).requirements == ["a", "b"]
    assert build("ResourceSettings", cpu_count="2").cpu_count == 2.0
    assert build("StepRetryConfig", delay=3.0).delay == 3
    assert ArtifactConfig(artifact_type="ModelArtifact").artifact_type is ArtifactType.MODEL
    assert Model(name="m", version="production").version == ModelStages.PRODUCTION
    assert Model(name="m", version=3).version == 3
    assert Tag(name="a", color="red").color == "red"
    assert AirflowOrchestratorSettings(operator="kubernetes_pod").operator is OperatorType.KUBERNETES_POD
    assert AirflowOrchestratorSettings(operator="a.b.Operator").operator == "a.b.Operator"


def test_nested_records_from_dicts() -> None:
    docker = build("DockerSettings", build_config={"build_options": {"nocache": True, "platform": "linux/arm64"}})
    expected = DockerBuildOptions(no_cache=True, platform="linux/arm64")
    assert docker.build_config == DockerBuildConfig(build_options=expected)
    run = build("PipelineRunConfiguration", retry={"max_retries": 2}, tags=["a", {"name": "b"}], model={"name": "m"})
    assert (run.retry, run.tags, run.model) == (StepRetryConfig(max_retries=2), ["a", Tag(name="b")], Model(name="m"))
    resources = build("ResourceSettings", resources=[{"quantity": 2, "class": "large"}])
    assert resources.resources == [PoolResourceDemand(quantity=2, class_name="large")]


def test_times() -> None:
    schedule = Schedule(start_time="2024-05-01T06:00:00+00:00", interval_second=90)
    assert schedule.start_time == datetime(2024, 5, 1, 6, tzinfo=UTC)
    assert schedule.interval_second == timedelta(seconds=90)
    assert Schedule(cron_expression="0 6 * * *", timezone="Europe/Berlin").timezone == "Europe/Berlin"


def test_memory_in_units() -> None:
    settings_ = ResourceSettings(memory="4GiB")
    assert settings_.get_memory("MiB") == 4096
    assert settings_.get_memory() == 4 * 1024**3 / 10**9
    assert ResourceSettings().get_memory() is None
    assert [ByteUnit(unit).byte_value for unit in ("B", "KB", "KiB", "PB")] == [1, 1000, 1024, 10**15]
    assert ResourceSettings().empty
    assert ResourceSettings(gpu_class="a100").empty
    assert not ResourceSettings(cpu_count=1).empty


def test_legacy_fields() -> None:
    assert build("ResourceSettings", preemptible=True).reclaim_tolerance == "coordinated"
    assert build("ResourceSettings", pool_resources={"tpu": 2}).resources == {"tpu": 2}
    assert build("ArtifactConfig", is_model_artifact=True).artifact_type is ArtifactType.MODEL
    assert build("KubernetesOrchestratorSettings", pod_name_prefix="p").job_name_prefix == "p"
    with pytest.warns(UserWarning, match="DockerSettings.copy_files has no effect any more") as warned:
        build("DockerSettings", copy_files=True)
    assert warned[0].filename == __file__
    with pytest.warns(UserWarning, match="source_files is deprecated"):
        docker = DockerSettings(source_files="include")
    assert docker.allow_including_files_in_images
    assert not docker.allow_download_from_code_repository
    assert not docker.allow_download_from_artifact_store


def test_defaults_are_not_shared() -> None:
    first, second = DockerSettings(), DockerSettings()
    first.environment["A"] = 1
    assert second.environment == {}


def test_what_zenml_freezes_is_frozen() -> None:
    docker: Any = DockerSettings()
    with pytest.raises(AttributeError, match="DockerSettings is frozen"):
        docker.parent_image = "x"
    model: Any = Model(name="m")
    model.version = 3
    assert model.model_fields_set == {"name", "version"}
    with pytest.raises(ValueError, match=r"Model\.version must be"):
        model.version = []
    with pytest.raises(AttributeError, match=r"Model has no field `verison` \(did you mean `version`"):
        model.verison = 3


def test_records_are_values() -> None:
    docker = DockerSettings(requirements=["a"], user="u")
    assert docker == DockerSettings(user="u", requirements=["a"]) != DockerSettings(requirements=["a"])
    assert hash(docker) == hash(DockerSettings(user="u", requirements=["a"]))
    assert repr(docker) == "DockerSettings(requirements=['a'], user='u')"
    assert pickle.loads(pickle.dumps(docker)) == docker
    assert docker.model_fields_set == {"requirements", "user"}
    assert docker.model_dump(exclude_unset=True) == {"requirements": ["a"], "user": "u"}
    assert docker.model_copy(update={"user": None}).model_fields_set == {"requirements", "user"}
    assert dict(StepRetryConfig()) == {"max_retries": 1, "delay": 0, "backoff": 0}
    run = PipelineRunConfiguration(retry=StepRetryConfig(delay=1), run_name="r")
    assert run.model_dump(exclude_none=True) == {"run_name": "r", "retry": {"max_retries": 1, "delay": 1, "backoff": 0}}
    assert {**run} == {"run_name": "r", "retry": StepRetryConfig(delay=1)}


def test_base_settings_takes_anything() -> None:
    anything: Any = BaseSettings
    assert anything(a=1, b=[2]).model_dump() == {"a": 1, "b": [2]}
    assert (BaseSettings.LEVEL, DeploymentSettings.LEVEL) == (3, 2)


def test_kubernetes_models_become_manifests() -> None:
    class Toleration:  # like a model of the kubernetes client
        attribute_map: ClassVar[dict[str, str]] = {
            "key": "key",
            "toleration_seconds": "tolerationSeconds",
            "effect": "effect",
        }
        key, toleration_seconds, effect = "gpu", 60, None

    pod = build("KubernetesPodSettings", tolerations=[Toleration(), {"key": "cpu"}])
    assert pod.tolerations == [{"key": "gpu", "tolerationSeconds": 60}, {"key": "cpu"}]
    assert (
        KubernetesOrchestratorSettings(pod_settings=KubernetesPodSettings(labels={"a": "b"})).pod_settings is not None
    )


def test_values_of_a_server_pass() -> None:
    uri = Client().active_stack.artifact_store.path
    assert DockerSettings(environment={"STORE": uri}, target_repository=uri).target_repository is uri


def test_cache_policy_names() -> None:
    assert CachePolicy.from_string("Default") == CachePolicy.default() == CachePolicy()
    with pytest.raises(ValueError, match="cache policy must be 'default'"):
        CachePolicy.from_string("never")


def declared(module: str) -> dict[str, ast.ClassDef]:
    path = Path(settings.__file__).with_name(f"{module}.py")
    return {node.name: node for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)}


def is_literal(node: ast.expr) -> bool:
    """A literal, or a member of an enumeration."""
    if isinstance(node, ast.Attribute):
        return isinstance(node.value, ast.Name) and node.value.id in pipec.sdk.__all__
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", sorted(settings.MODULES))
def test_classes_are_data_in_their_source(name: str) -> None:
    """A reader of the source finds each field, its annotation and its default, without importing anything."""
    class_: Any = getattr(pipec.sdk, name)
    body = declared(settings.MODULES[name])[name].body
    fields = {
        node.target.id: node
        for node in body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and not node.target.id.isupper()
    }
    assert {field: ast.unparse(node.annotation) for field, node in fields.items()} == {
        field: ast.unparse(ast.parse(annotation)) for field, (annotation, _) in class_._fields.items()
    }
    assert [field for field, node in fields.items() if node.value is not None and not is_literal(node.value)] == []


# Classes whose fields say what they are, or mean what keywords of the decorators mean.
UNDOCUMENTED = {
    "AppExtensionSpec",
    "BaseSettings",
    "CORSConfig",
    "DeploymentSettings",
    "EndpointSpec",
    "MiddlewareSpec",
    "PipelineRunConfiguration",
    "SecureHeadersConfig",
    "StepConfigurationUpdate",
}


@pytest.mark.parametrize("name", sorted(set(settings.MODULES) - UNDOCUMENTED))
def test_every_field_is_documented(name: str) -> None:
    class_: Any = getattr(pipec.sdk, name)
    doc = inspect.getdoc(class_) or ""
    assert [field for field in class_._fields if f"    {field}: " not in doc] == []

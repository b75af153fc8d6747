"""Every keyword and every name that ZenML 0.98 has; the lists were read from its wheel (`reference/zenml.md` §1, §4)."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import pipec.sdk
from pipec.sdk import BaseSettings, options

STEP = """
name step_type enable_cache enable_artifact_metadata enable_artifact_visualization enable_step_logs experiment_tracker
step_operator output_materializers environment secrets settings extra on_failure on_success on_start on_end model retry
substitutions cache_policy runtime heartbeat_healthy_threshold group
"""
STEP_WITH_OPTIONS = """
enable_cache enable_artifact_metadata enable_artifact_visualization enable_step_logs experiment_tracker step_operator
parameters output_materializers environment secrets settings extra on_failure on_success on_start on_end model retry
substitutions cache_policy runtime heartbeat_healthy_threshold group merge
"""
PIPELINE = """
name dynamic depends_on enable_cache enable_artifact_metadata enable_step_logs enable_heartbeat environment secrets
enable_pipeline_logs settings tags extra on_failure on_success on_start on_end on_pause on_resume on_init on_init_kwargs
on_cleanup model retry substitutions execution_mode cache_policy
"""
PIPELINE_CONFIGURE = """
enable_cache enable_artifact_metadata enable_artifact_visualization enable_step_logs enable_heartbeat environment secrets
enable_pipeline_logs settings tags extra on_failure on_success on_start on_end on_pause on_resume on_init on_init_kwargs
on_cleanup model retry parameters substitutions execution_mode cache_policy merge
"""
PIPELINE_WITH_OPTIONS = "run_name schedule build step_configurations steps config_path unlisted prevent_build_reuse"


@pytest.mark.parametrize(
    ("table", "zenml", "own"),
    [
        (options.StepOptions, STEP, "timeout"),
        (options.StepChanges, STEP + STEP_WITH_OPTIONS, "timeout id after"),
        (options.PipelineOptions, PIPELINE, "timeout max_parallelism"),
        (options.PipelineChanges, PIPELINE + PIPELINE_CONFIGURE, "timeout max_parallelism"),
        (
            options.RunOptions,
            PIPELINE + PIPELINE_CONFIGURE + PIPELINE_WITH_OPTIONS + " " + " ".join(options.HOOK_SOURCES),
            "timeout max_parallelism",
        ),
    ],
)
def test_keywords(table: Any, zenml: str, own: str) -> None:
    assert set(table.__annotations__) == {*zenml.split(), *own.split()}


def test_every_keyword_is_documented() -> None:
    tables: list[Any] = [options.StepChanges, options.RunOptions]
    docs = " ".join(filter(None, (inspect.getdoc(each) for each in vars(options).values() if isinstance(each, type))))
    names = {name for table in tables for name in table.__annotations__} - {*options.HOOK_SOURCES}
    assert {name for name in names if f"{name}: " not in docs} == set()


# Fields of ZenML's classes; after the bar those that pipec adds.
FIELDS = {
    "AppExtensionSpec": "extension extension_kwargs",
    "AirflowOrchestratorSettings": "dag_output_dir dag_id dag_tags dag_args operator operator_args custom_dag_generator",
    "ArtifactConfig": "name version tags run_metadata artifact_type",
    "CORSConfig": "allow_origins allow_methods allow_headers allow_credentials",
    "CachePolicy": "include_step_code include_step_parameters include_artifact_values include_artifact_ids ignored_inputs"
    " file_dependencies source_dependencies cache_func expires_after | max_age_days ignore_fields",
    "DeploymentSettings": "app_title app_description app_version app_kwargs include_default_endpoints"
    " include_default_middleware root_url_path api_url_path docs_url_path redoc_url_path invoke_url_path submit_url_path"
    " health_url_path info_url_path metrics_url_path dashboard_files_path cors secure_headers thread_pool_size"
    " async_execution_thread_pool_size startup_hook shutdown_hook startup_hook_kwargs shutdown_hook_kwargs"
    " custom_endpoints custom_middlewares app_extensions uvicorn_host uvicorn_port uvicorn_workers uvicorn_reload"
    " log_level uvicorn_kwargs deployment_app_runner_flavor deployment_app_runner_kwargs deployment_service_class"
    " deployment_service_kwargs",
    "DockerBuildConfig": "build_options dockerignore",
    "DockerBuildOptions": "pull rm no_cache shm_size labels build_args cache_from",
    "DockerSettings": "parent_image image_tag dockerfile build_context_root parent_image_build_config skip_build"
    " prevent_build_reuse target_repository python_package_installer python_package_installer_cache_mount"
    " python_package_installer_args disable_automatic_requirements_detection replicate_local_python_environment"
    " pyproject_path pyproject_export_command requirements required_integrations install_stack_requirements"
    " install_deployment_requirements local_project_install_command apt_packages environment runtime_environment user"
    " build_config allow_including_files_in_images allow_download_from_code_repository"
    " allow_download_from_artifact_store build_options dockerignore source_files copy_files copy_global_config"
    " required_hub_plugins",
    "EndpointSpec": "path method handler native auth_required init_kwargs extra_kwargs",
    "ExternalArtifact": "value materializer store_artifact_metadata store_artifact_visualizations",
    "GroupInfo": "id name type",
    "KubeflowOrchestratorSettings": "synchronous timeout client_args client_username client_password user_namespace"
    " pod_settings node_selectors node_affinity",
    "KubernetesOrchestratorSettings": "synchronous service_account_name step_pod_service_account_name privileged"
    " pod_settings orchestrator_pod_settings job_name_prefix max_parallelism successful_jobs_history_limit"
    " failed_jobs_history_limit concurrency_policy starting_deadline_seconds ttl_seconds_after_finished"
    " active_deadline_seconds backoff_limit_margin orchestrator_job_backoff_limit fail_on_container_waiting_reasons"
    " job_monitoring_interval job_monitoring_delay interrupt_check_interval pod_failure_policy"
    " prevent_orchestrator_pod_caching always_build_pipeline_image pod_stop_grace_period api_request_timeout"
    " max_api_retries timeout stream_step_logs pod_startup_timeout pod_failure_max_retries pod_failure_retry_delay"
    " pod_failure_backoff pod_name_prefix",
    "KubernetesPodSettings": "node_selectors affinity tolerations resources annotations volumes volume_mounts host_ipc"
    " scheduler_name image_pull_secrets labels env env_from container_security_context additional_pod_spec_args",
    "MiddlewareSpec": "middleware native order init_kwargs extra_kwargs",
    "Model": "name license description audience use_cases limitations trade_offs ethics tags version"
    " save_models_to_registry model_version_id suppress_class_validation_warnings",
    "PipelineRunConfiguration": "run_name enable_cache enable_artifact_metadata enable_artifact_visualization"
    " enable_step_logs enable_pipeline_logs enable_heartbeat schedule build steps settings environment secrets tags extra"
    " model parameters retry init_hook_source init_hook_kwargs cleanup_hook_source failure_hook_source"
    " success_hook_source start_hook_source end_hook_source pause_hook_source resume_hook_source substitutions"
    " cache_policy execution_mode | timeout max_parallelism",
    "PoolResourceDemand": "quantity name kind unit class_name class resource_selector class_selector",
    "ResourceSettings": "cpu_count gpu_count gpu_class memory resources reclaim_tolerance"
    " allocation_wait_timeout_seconds initialization_lease_seconds min_replicas max_replicas autoscaling_metric"
    " autoscaling_target max_concurrency",
    "Schedule": "name cron_expression start_time end_time interval_second catchup run_once_start_time | timezone",
    "SecureHeadersConfig": "server hsts xfo content csp referrer cache permissions",
    "StepConfigurationUpdate": "enable_cache enable_artifact_metadata enable_artifact_visualization enable_step_logs"
    " step_operator experiment_tracker parameters settings environment secrets extra failure_hook_source"
    " success_hook_source start_hook_source end_hook_source model retry substitutions cache_policy runtime"
    " heartbeat_healthy_threshold group outputs | timeout",
    "StepRetryConfig": "max_retries delay backoff",
    "Tag": "name color exclusive cascade",
}


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_fields(name: str) -> None:
    class_: Any = getattr(pipec.sdk, name)
    known = {*class_._fields, *class_.REMOVED, *class_.ALIASES} - {"buildargs", "cachefrom", "nocache", "shmsize"}
    assert known == set(FIELDS[name].replace("|", "").split())


def test_the_table_is_complete() -> None:
    assert {*FIELDS, BaseSettings.__name__} == set(pipec.sdk.settings.MODULES)


ENUMS = {
    "ExecutionMode": "fail_fast stop_on_failure continue_on_failure",
    "StepRuntime": "inline isolated",
    "StepType": "tool_call llm_call memory_call",
    "GroupType": "manual map",
    "ModelStages": "none staging production archived latest",
    "ArtifactType": "DataAnalysisArtifact DataArtifact ModelArtifact SchemaArtifact ServiceArtifact StatisticsArtifact"
    " BaseArtifact",
    "PythonPackageInstaller": "pip uv",
    "ByteUnit": "B KB KiB MB MiB GB GiB TB TiB PB PiB",
    "VisualizationType": "csv html image markdown json",
    "OperatorType": "docker kubernetes_pod gke_start_pod",
    "ResourceRequestReclaimTolerance": "none coordinated any",
    "RunWaitConditionType": "external_input",
}


@pytest.mark.parametrize("name", sorted(ENUMS))
def test_enums(name: str) -> None:
    assert [member.value for member in getattr(pipec.sdk, name)] == ENUMS[name].split()

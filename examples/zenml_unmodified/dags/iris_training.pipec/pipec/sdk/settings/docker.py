"""How the image of a step is built (ZenML 0.98, `zenml.config.docker_settings`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pipec.sdk._convert import Spelling
from pipec.sdk._record import Record, warn
from pipec.sdk.enums import PythonEnvironmentExportMethod, PythonPackageInstaller
from pipec.sdk.settings.base import BaseSettings


class DockerBuildOptions(Record, frozen=False, is_open=True):
    """Options of the image build; further ones are passed on as they are (`platform="linux/arm64"`).

    Attributes:
        pull: pull newer versions of the base image.
        rm: remove intermediate containers.
        no_cache: build every layer anew.
        shm_size: size of `/dev/shm` during the build, in bytes.
        labels: labels of the image.
        build_args: values of `ARG` lines.
        cache_from: images whose layers may be reused.
    """

    ALIASES: ClassVar[dict[str, str]] = {
        "buildargs": "build_args",
        "cachefrom": "cache_from",
        "nocache": "no_cache",
        "shmsize": "shm_size",
    }

    pull: bool | None = None
    rm: bool | None = None
    no_cache: bool | None = None
    shm_size: int | None = None
    labels: dict[str, Any] | None = None
    build_args: dict[str, Any] | None = None
    cache_from: list[str] | None = None

    if TYPE_CHECKING:

        def __init__(
            self,
            *,
            pull: bool | None = None,
            rm: bool | None = None,
            no_cache: bool | None = None,
            shm_size: int | None = None,
            labels: dict[str, Any] | None = None,
            build_args: dict[str, Any] | None = None,
            cache_from: list[str] | None = None,
            **options: Any,
        ) -> None: ...


class DockerBuildConfig(Record, frozen=False):
    """One image build.

    Attributes:
        build_options: options of the build.
        dockerignore: path of the ignore file.
    """

    build_options: DockerBuildOptions | None = None
    dockerignore: str | None = None


class DockerSettings(BaseSettings):
    """The image that a step runs in.

    Attributes:
        parent_image: image to build on, or to use as it is with `skip_build`.
        image_tag: tag of every image built from these settings.
        dockerfile: path of a Dockerfile to build first; `parent_image` is then ignored.
        build_context_root: build context of `dockerfile`; without it the context is the Dockerfile alone.
        parent_image_build_config: how `dockerfile` is built.
        skip_build: use `parent_image` unchanged.
        prevent_build_reuse: build even where an equal image exists.
        target_repository: repository to push to, without the registry.
        python_package_installer: `uv` or `pip`.
        python_package_installer_cache_mount: BuildKit mount for the installer's cache, `type=cache,target=…`.
        python_package_installer_args: further flags of the installer, `{flag: value or None}`.
        disable_automatic_requirements_detection: False picks up `requirements.txt`, else `pyproject.toml`.
        replicate_local_python_environment: install what the local environment has.
        pyproject_path: path of a `pyproject.toml` whose dependencies are exported and installed.
        pyproject_export_command: command that exports them; `{directory}` is the file's folder.
        requirements: path of a requirements file, or requirements.
        required_integrations: ZenML integrations whose requirements are installed.
        install_stack_requirements: install what the stack's components need.
        install_deployment_requirements: install what a deployment needs.
        local_project_install_command: command that installs the project, after its code was copied.
        apt_packages: Debian packages.
        environment: environment variables set before packages are installed.
        runtime_environment: environment variables set after that.
        user: user that owns the work directory and runs the step.
        build_config: how the image is built.
        allow_including_files_in_images: code may be copied into the image.
        allow_download_from_code_repository: code may come from its repository.
        allow_download_from_artifact_store: code may come from the artifact store.
        build_options: deprecated, see `build_config`.
        dockerignore: deprecated, see `build_config`.
        source_files: deprecated, sets the three `allow_…`: `download`, `include`, `download_or_include`, `ignore`.
    """

    REMOVED: ClassVar[tuple[str, ...]] = ("copy_files", "copy_global_config", "required_hub_plugins")

    parent_image: str | None = None
    image_tag: str | None = None
    dockerfile: str | None = None
    build_context_root: str | None = None
    parent_image_build_config: DockerBuildConfig | None = None
    skip_build: bool = False
    prevent_build_reuse: bool = False
    target_repository: str | None = None
    python_package_installer: PythonPackageInstaller | Spelling = PythonPackageInstaller.UV
    python_package_installer_cache_mount: str | None = None
    python_package_installer_args: dict[str, Any] = {}
    disable_automatic_requirements_detection: bool = True
    replicate_local_python_environment: list[str] | PythonEnvironmentExportMethod | bool | None = None
    pyproject_path: str | None = None
    pyproject_export_command: list[str] | None = None
    requirements: str | list[str] | None = None
    required_integrations: list[str] = []
    install_stack_requirements: bool = True
    install_deployment_requirements: bool = True
    local_project_install_command: str | None = None
    apt_packages: list[str] = []
    environment: dict[str, Any] = {}
    runtime_environment: dict[str, Any] = {}
    user: str | None = None
    build_config: DockerBuildConfig | None = None
    allow_including_files_in_images: bool = True
    allow_download_from_code_repository: bool = True
    allow_download_from_artifact_store: bool = True
    build_options: dict[str, Any] = {}
    dockerignore: str | None = None
    source_files: str | None = None

    @classmethod
    def _migrate(cls, values: dict[str, Any]) -> dict[str, Any]:
        values = super()._migrate(values)
        mode = values.get("source_files")
        if mode is None:
            return values
        if mode not in ("download", "include", "download_or_include", "ignore"):
            raise ValueError(
                "DockerSettings.source_files must be one of 'download', 'include', 'download_or_include', 'ignore', "
                f"not {mode!r}"
            )
        warn("DockerSettings.source_files is deprecated in favour of the `allow_…` fields")
        values.setdefault("allow_including_files_in_images", "include" in mode)
        values.setdefault("allow_download_from_code_repository", "download" in mode)
        values.setdefault("allow_download_from_artifact_store", False)
        return values

    def _check(self) -> None:
        if self.skip_build and not self.parent_image:
            raise ValueError("DockerSettings.skip_build needs `parent_image`: there is no other image to run")

"""How a pipeline is served over HTTP (ZenML 0.98, `zenml.config.deployment_settings`); no target of pipec serves one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.sdk._convert import Spelling
from pipec.sdk._record import Record
from pipec.sdk.enums import (
    DeploymentDefaultEndpoints,
    DeploymentDefaultMiddleware,
    EndpointMethod,
    LoggingLevels,
)
from pipec.sdk.settings.base import BaseSettings

if TYPE_CHECKING:
    from pipec.sdk.settings.base import Source


class EndpointSpec(Record, frozen=False):
    """A further endpoint.

    Attributes:
        handler: function, builder class or builder function, or its dotted name.
        native: the handler is used as it is.
    """

    path: str
    method: EndpointMethod | Spelling
    handler: Source
    native: bool = False
    auth_required: bool = True
    init_kwargs: dict[str, Any] = {}
    extra_kwargs: dict[str, Any] = {}


class MiddlewareSpec(Record, frozen=False):
    """A further ASGI middleware.

    Attributes:
        middleware: class or function, or its dotted name.
        native: the middleware is used as it is.
        order: place in the chain; lower is earlier.
    """

    middleware: Source
    native: bool = False
    order: int = 0
    init_kwargs: dict[str, Any] = {}
    extra_kwargs: dict[str, Any] = {}


class AppExtensionSpec(Record, frozen=False):
    """An extension of the application.

    Attributes:
        extension: function or class, or its dotted name.
    """

    extension: Source
    extension_kwargs: dict[str, Any] = {}


class CORSConfig(Record, frozen=False):
    """Cross-origin requests."""

    allow_origins: list[str] = ["*"]
    allow_methods: list[str] = ["GET", "POST", "OPTIONS"]
    allow_headers: list[str] = ["*"]
    allow_credentials: bool = False


class SecureHeadersConfig(Record, frozen=False):
    """Security headers of responses: True is ZenML's own text, False leaves the header out, a text is sent."""

    server: bool | str = True
    hsts: bool | str = True
    xfo: bool | str = True
    content: bool | str = True
    csp: bool | str = True
    referrer: bool | str = True
    cache: bool | str = True
    permissions: bool | str = True


class DeploymentSettings(BaseSettings):
    """The HTTP application of a deployed pipeline; on a pipeline only.

    Attributes:
        dashboard_files_path: folder of static files, relative to the project root.
        thread_pool_size: threads of the application.
        async_execution_thread_pool_size: threads of asynchronous runs.
        startup_hook: function, or its dotted name, called when the application starts.
        shutdown_hook: the same when it stops.
        uvicorn_port: TCP port.
    """

    LEVEL = 2

    app_title: str | None = None
    app_description: str | None = None
    app_version: str | None = None
    app_kwargs: dict[str, Any] = {}
    include_default_endpoints: DeploymentDefaultEndpoints = DeploymentDefaultEndpoints.ALL
    include_default_middleware: DeploymentDefaultMiddleware = DeploymentDefaultMiddleware.ALL
    root_url_path: str = ""
    api_url_path: str = ""
    docs_url_path: str = "/docs"
    redoc_url_path: str = "/redoc"
    invoke_url_path: str = "/invoke"
    submit_url_path: str = "/submit"
    health_url_path: str = "/health"
    info_url_path: str = "/info"
    metrics_url_path: str = "/metrics"
    dashboard_files_path: str | None = None
    cors: CORSConfig | dict[str, Any] = {}
    secure_headers: SecureHeadersConfig | dict[str, Any] = {}
    thread_pool_size: int = 40
    async_execution_thread_pool_size: int = 40
    startup_hook: Source | None = None
    shutdown_hook: Source | None = None
    startup_hook_kwargs: dict[str, Any] = {}
    shutdown_hook_kwargs: dict[str, Any] = {}
    custom_endpoints: list[EndpointSpec] | None = None
    custom_middlewares: list[MiddlewareSpec] | None = None
    app_extensions: list[AppExtensionSpec] | None = None
    uvicorn_host: str = "0.0.0.0"
    uvicorn_port: int = 8000
    uvicorn_workers: int = 1
    uvicorn_reload: bool = False
    log_level: LoggingLevels = LoggingLevels.INFO
    uvicorn_kwargs: dict[str, Any] = {}
    deployment_app_runner_flavor: Source | None = None
    deployment_app_runner_kwargs: dict[str, Any] = {}
    deployment_service_class: Source | None = None
    deployment_service_kwargs: dict[str, Any] = {}

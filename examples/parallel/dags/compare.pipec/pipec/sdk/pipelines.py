"""Pipelines as plain Python: calling one runs its body with every step called as a plain function."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, Self, TypeVar, cast, overload

from pipec.sdk._named import adopt, by_name
from pipec.sdk.futures import StepFuture, plain_value

if TYPE_CHECKING:
    from typing import Unpack

    from pipec.sdk.options import PipelineChanges, PipelineOptions, RunOptions
    from pipec.sdk.settings.model import Model

P = ParamSpec("P")
R = TypeVar("R")

LOCAL_RUNNER = ("pipec.backends.local.called", "run_local")
"""Module and function that run a called pipeline: `run_local(pipeline, args, kwargs)` compiles the source of
`pipeline.__wrapped__`, runs the IR with what `configure` and `with_options` have changed, and returns what the body would."""

IS_STEP_PROCESS = False
"""Set where this process runs steps and nothing else: a pipeline that is called outside of them does nothing."""

_SERVER_METHODS = ("build", "create_run_template", "create_snapshot", "deploy", "prepare", "register", "replay")

_innermost: ContextVar[Any] = ContextVar("pipec_innermost", default=None)


@contextmanager
def calling(owner: Any) -> Generator[None]:
    """Note that the body of a pipeline or a step runs; inside of it, this is the innermost."""
    token = _innermost.set(owner)
    try:
        yield
    finally:
        _innermost.reset(token)


class Pipeline(Generic[P, R]):
    """A pipeline made of a function by `@pipeline`.

    Attributes:
        name: name of the pipeline.
        entrypoint: the function.
        options: configuration, by keyword.
        declared: what of it the decorator says.
    """

    def __init__(self, function: Callable[P, R], options: Mapping[str, Any]) -> None:
        """See `pipeline`."""
        self.__wrapped__ = function
        adopt(self, function)
        self.options, self.declared = dict(options), dict(options)
        self.name = str(options.get("name") or function.__name__)

    @property
    def entrypoint(self) -> Callable[P, R]:
        """The function; calling it runs the body as plain Python."""
        return self._body

    def _body(self, *args: P.args, **kwargs: P.kwargs) -> R:
        with calling(self):
            return cast("R", plain_value(self.__wrapped__(*args, **kwargs)))

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Compile the pipeline and run it on this machine; inside of another pipeline or a step run the body.

        Where the compiler is not installed the body runs as plain Python.

        Raises:
            ValueError: when a configured parameter and an argument disagree.
            RuntimeError: when there is a `config_path` and no compiler to read it.
        """
        from pipec.sdk.context import is_in_step

        if _innermost.get() is not None or is_in_step():
            return self._body(*args, **kwargs)
        if IS_STEP_PROCESS:
            # A module of the user calls it at its top, and a step imports that module.
            return cast("R", None)
        runner = _local_runner()
        if runner is not None:
            return cast("R", runner(self, args, kwargs))
        return cast("Callable[..., R]", self._body)(*args, **self._with_parameters(args, kwargs))

    def _with_parameters(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Keywords of the call and what `configure(parameters=)` and the run configuration add."""
        configured: dict[str, Any] = self.options.get("parameters") or {}
        if self.options.get("config_path"):
            raise RuntimeError(
                f"pipeline `{self.name}`: `config_path` is read by pipec's compiler, which is not installed"
            )
        if not configured:
            return dict(kwargs)
        import inspect

        given = inspect.signature(self.__wrapped__).bind_partial(*args, **kwargs).arguments
        for name, value in configured.items():
            if name in given and given[name] != value:
                raise ValueError(
                    f"pipeline `{self.name}`: `{name}` is {given[name]!r} in the call, {value!r} configured"
                )
        return {**kwargs, **{name: value for name, value in configured.items() if name not in given}}

    def configure(self, **options: Unpack[PipelineChanges]) -> Self:
        """Change the configuration in place.

        Raises:
            TypeError: for an unknown keyword.
            ValueError: for a value that is not of its type.
        """
        return self._configure("configure", options)

    def with_options(self, **options: Unpack[RunOptions]) -> Self:
        """A copy with further configuration; raises what `configure` raises."""
        copied = type(self).__new__(type(self))
        copied.__dict__.update(self.__dict__)
        return copied._configure("with_options", options)

    def _configure(self, method: str, options: Any) -> Self:
        from pipec.sdk import options as tables

        table = tables.RunOptions if method == "with_options" else tables.PipelineChanges
        tables.check_options(method, table, options)
        merged = tables.merge_options(self.options, options)
        if options.get("tags") and self.options.get("tags"):  # the one list that ZenML concatenates
            merged["tags"] = [*self.options["tags"], *options["tags"]]
        self.options = merged
        return self

    def run(self, **options: Unpack[RunOptions]) -> Any:
        """Run with further configuration: `with_options(...)()`."""
        return cast("Callable[[], Any]", self.with_options(**options))()

    def copy(self) -> Self:
        """A copy."""
        return self.with_options()

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> StepFuture[R]:
        """Call without waiting; a plain call waits."""
        return StepFuture(self(*args, **kwargs))

    def embed(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the body as part of the running pipeline."""
        return self._body(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        """Say what takes the place of methods that need a server."""
        if name in _SERVER_METHODS:
            raise AttributeError(f"pipeline has no `{name}`: pipec has no server; see `pipec compile`, `pipec build`")
        raise AttributeError(f"pipeline has no `{name}`")

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Pickled by name; a configured copy as the pipeline of that name and the configuration."""
        return by_name(self, self.options)

    def __repr__(self) -> str:
        """Kind and name."""
        return f"<pipeline {self.name}>"


def _local_runner() -> Callable[..., Any] | None:
    import importlib

    module, function = LOCAL_RUNNER
    try:
        found = getattr(importlib.import_module(module), function, None)
    except ModuleNotFoundError as missing:
        if not f"{module}.".startswith(f"{missing.name}."):
            raise
        return None
    return cast("Callable[..., Any] | None", found)


class _PipelineDecorator(Protocol):
    def __call__(self, function: Callable[P, R], /) -> Pipeline[P, R]: ...


@overload
def pipeline(function: Callable[P, R], /) -> Pipeline[P, R]: ...
@overload
def pipeline(**options: Unpack[PipelineOptions]) -> _PipelineDecorator: ...
def pipeline(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a pipeline of a function: `@pipeline`, `@pipeline(name="training")` or `pipeline(function)`.

    Args:
        function: the function.
        options: see `pipec.sdk.options.PipelineOptions`.

    Raises:
        TypeError: for an unknown keyword.
        ValueError: for a value that is not of its type.
    """
    if options:
        from pipec.sdk.options import PipelineOptions, check_options

        check_options("@pipeline", PipelineOptions, options)
    if function is not None:
        return Pipeline(function, options)
    return partial(Pipeline, options=options)


class PipelineContext:
    """Configuration of the pipeline whose body runs.

    Attributes:
        name: its name.
        enable_cache: see `pipec.sdk.options`, like the further ones.
    """

    def __init__(self, of: Pipeline[..., Any]) -> None:
        """See `get_pipeline_context`."""
        get: Callable[[str], Any] = of.options.get
        self.name = of.name
        self.enable_cache: bool | None = get("enable_cache")
        self.enable_artifact_metadata: bool | None = get("enable_artifact_metadata")
        self.enable_artifact_visualization: bool | None = get("enable_artifact_visualization")
        self.enable_step_logs: bool | None = get("enable_step_logs")
        self.enable_pipeline_logs: bool | None = get("enable_pipeline_logs")
        self.settings: dict[str, Any] = get("settings") or {}
        self.extra: dict[str, Any] = get("extra") or {}
        self.model: Model | None = get("model")


def get_pipeline_context() -> PipelineContext:
    """The configuration of the pipeline whose body runs.

    Raises:
        RuntimeError: when no body runs, or inside a step.
    """
    from pipec.sdk.context import is_in_step

    innermost = _innermost.get()
    if is_in_step() or not isinstance(innermost, Pipeline | None):
        raise RuntimeError("get_pipeline_context() is for a pipeline's body; inside a step use get_step_context()")
    if innermost is None:
        raise RuntimeError("get_pipeline_context() can be used only inside a running pipeline")
    return PipelineContext(cast("Pipeline[..., Any]", innermost))


def wait(
    schema: Any = None,
    type: str = "external_input",
    timeout: int = 600,
    poll_interval: int = 5,
    question: str | None = None,
    metadata: dict[str, Any] | None = None,
    after: Any = None,
    name: str | None = None,
) -> Any:
    """Pause a dynamic pipeline until somebody answers; there is nobody to ask here.

    Raises:
        RuntimeError: always.
    """
    raise RuntimeError("wait() needs a server that takes the answer, and pipec has none")

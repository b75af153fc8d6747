"""Steps as plain Python: calling one calls its function.

A pipeline means what Python does when it runs the body with every step called as a plain function; here it is done
literally. Configuration is kept and has no effect on a plain call. What orders calls (`after`, `id`) is accepted and
ignored: statements already run in order.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, Self, TypeVar, cast, overload

from pipec.sdk._named import adopt, by_name
from pipec.sdk.exceptions import StepInterfaceError
from pipec.sdk.futures import MapResultsFuture, StepFuture, combinations, plain_value

if TYPE_CHECKING:
    from typing import TypeAlias, Unpack

    from pipec.sdk.options import StepChanges, StepOptions

    After: TypeAlias = Any
    """A step's result or future, the id of a call, or a list of these."""

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S")

RESERVED = ("id", "after")
"""Keywords of a step's call that are not arguments of its function."""


class BaseStep:
    """A step written as a class: derive, implement `entrypoint`, call an instance.

    Attributes:
        name: base of the ids of its calls.
        options: configuration, by keyword.
    """

    def __init__(self, **options: Unpack[StepChanges]) -> None:
        """Keep the configuration.

        Raises:
            TypeError: for an unknown keyword.
            ValueError: for a value that is not of its type.
        """
        self._setup(type(self).entrypoint, cast("dict[str, Any]", options), type(self).__name__)

    def _setup(self, function: Callable[..., Any], options: Mapping[str, Any], name: str) -> None:
        _refuse_reserved(function, name)
        self.options: dict[str, Any] = {}
        if options:
            from pipec.sdk.options import StepChanges, check_options, merge_options

            check_options("step", StepChanges, options)
            self.options = merge_options({}, options)
        self.name = str(self.options.get("name", name))

    def entrypoint(self, *args: Any, **kwargs: Any) -> Any:
        """What the step does; to be implemented."""
        raise NotImplementedError(f"{type(self).__name__} does not implement `entrypoint`")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call `entrypoint`; `id=` and `after=` are for the compiler."""
        return self.call_entrypoint(*args, **{key: kwargs[key] for key in kwargs if key not in RESERVED})

    def call_entrypoint(self, *args: Any, **kwargs: Any) -> Any:
        """Call `entrypoint` with values; an `async def` runs to completion."""
        from pipec.sdk.pipelines import calling

        given = [plain_value(each) for each in args]
        named = {**self.options.get("parameters", {}), **{key: plain_value(kwargs[key]) for key in kwargs}}
        with calling(self):
            return completed(self.entrypoint(*given, **named))

    def with_options(self, **options: Unpack[StepChanges]) -> Self:
        """A copy with further configuration.

        Raises:
            TypeError: for an unknown keyword.
            ValueError: for a value that is not of its type.
        """
        copied = type(self).__new__(type(self))
        copied.__dict__.update(self.__dict__)
        return copied.configure(**options)

    def configure(self, **options: Unpack[StepChanges]) -> Self:
        """Change the configuration in place; raises what `with_options` raises."""
        from pipec.sdk.options import StepChanges, check_options, merge_options

        check_options("with_options", StepChanges, options)
        self.options = merge_options(self.options, options)
        return self

    def after(self, *steps: Any) -> Self:
        """Run after other steps. Statements run in order, so a plain call has nothing to do."""
        return self

    def submit(self, *args: Any, id: str | None = None, after: After = None, **kwargs: Any) -> StepFuture[Any]:
        """Call without waiting; a plain call waits. Arguments may be futures."""
        kwargs.pop("start_after", None)
        return StepFuture(self.call_entrypoint(*args, **kwargs))

    def map(
        self,
        *args: Any,
        after: After = None,
        start_after: After = None,
        max_parallelism: int | None = None,
        **kwargs: Any,
    ) -> MapResultsFuture[Any]:
        """Call once for the items of list arguments, item by item; `unmapped(x)` goes to every call.

        Args:
            args: arguments of the function, lists of its values.
            after: what the calls wait for.
            start_after: what must have started before the calls.
            max_parallelism: most calls at a time (pipec's own).
            kwargs: like `args`.

        Raises:
            ValueError: when lists differ in length, or nothing is a list.
        """
        return MapResultsFuture(self.call_entrypoint(*a, **k) for a, k in combinations(args, kwargs, False))

    def product(
        self,
        *args: Any,
        after: After = None,
        start_after: After = None,
        max_parallelism: int | None = None,
        **kwargs: Any,
    ) -> MapResultsFuture[Any]:
        """Call once for every combination of items, the last argument changing fastest; otherwise like `map`."""
        return MapResultsFuture(self.call_entrypoint(*a, **k) for a, k in combinations(args, kwargs, True))

    def __repr__(self) -> str:
        """Kind and name."""
        return f"<step {self.name}>"


class Step(BaseStep, Generic[P, R]):
    """A step made of a function by `@step`; its call has the function's parameters and result.

    Attributes:
        entrypoint: the function.
    """

    def __init__(self, function: Callable[P, Any], options: Mapping[str, Any]) -> None:
        """See `step`."""
        self.__wrapped__ = function
        adopt(self, function)
        self._setup(function, options, getattr(function, "__name__", type(function).__name__))

    @property
    def entrypoint(self) -> Callable[P, Any]:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The function."""
        return self.__wrapped__

    # The first form is exact. `id` and `after` cannot be added to a ParamSpec's parameters, and no step has a parameter
    # of these names; forms that *require* one of them leave every other call to the first.
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    @overload
    def __call__(self, *args: Any, after: After, id: str | None = None, **kwargs: Any) -> R: ...
    @overload
    def __call__(  # pyright: ignore[reportOverlappingOverload]
        self, *args: Any, id: str | None, **kwargs: Any
    ) -> R: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function; `id=` and `after=` are for the compiler."""
        return super().__call__(*args, **kwargs)

    if TYPE_CHECKING:

        def submit(  # noqa: D102
            self, *args: Any, id: str | None = None, after: After = None, **kwargs: Any
        ) -> StepFuture[R]: ...

        def map(  # noqa: D102
            self,
            *args: Any,
            after: After = None,
            start_after: After = None,
            max_parallelism: int | None = None,
            **kwargs: Any,
        ) -> MapResultsFuture[R]: ...

        def product(  # noqa: D102
            self,
            *args: Any,
            after: After = None,
            start_after: After = None,
            max_parallelism: int | None = None,
            **kwargs: Any,
        ) -> MapResultsFuture[R]: ...

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Pickled by name; a configured copy as the step of that name and the configuration."""
        return by_name(self, self.options)


def _refuse_reserved(function: Callable[..., Any], name: str) -> None:
    code = getattr(function, "__code__", None)
    if code is None:
        return
    count = code.co_argcount + code.co_kwonlyargcount
    for reserved in RESERVED:
        if reserved in code.co_varnames[:count]:
            raise StepInterfaceError(f"step `{name}`: `{reserved}` is a keyword of every step's call, rename it")


def completed(value: Any) -> Any:
    """A value; of a coroutine its result, awaited in an event loop of its own."""
    if not isinstance(value, Coroutine):
        return value
    import asyncio

    coroutine: Coroutine[Any, Any, Any] = value  # pyright: ignore[reportUnknownVariableType]
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    # A loop runs in this thread already (a notebook, an async test), and it cannot be entered twice.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


_make: Callable[..., Any] = Step


class _StepDecorator(Protocol):
    @overload
    def __call__(self, function: Callable[P, Coroutine[Any, Any, R]], /) -> Step[P, R]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Step[P, R]: ...


@overload
def step(function: Callable[P, Coroutine[Any, Any, R]], /) -> Step[P, R]: ...
@overload
def step(function: Callable[P, R], /) -> Step[P, R]: ...
@overload
def step(**options: Unpack[StepOptions]) -> _StepDecorator: ...
def step(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a step of a function: `@step`, `@step(enable_cache=False)` or `step(function)`.

    Args:
        function: the function.
        options: see `pipec.sdk.options.StepOptions`.

    Raises:
        TypeError: for an unknown keyword, or a function with a parameter `id` or `after`.
        ValueError: for a value that is not of its type.
    """
    if options:
        from pipec.sdk.options import StepOptions, check_options

        check_options("@step", StepOptions, options)
    if function is not None:
        return _make(function, options)
    return partial(_make, options=options)


class CommandStep(BaseStep):
    """A step that runs a command in its container; it has no inputs and no outputs and is never cached.

    Attributes:
        command: the command and its arguments, or a function without parameters.
    """

    def __init__(self, command: list[str] | Callable[[], Any], **options: Unpack[StepChanges]) -> None:
        """Keep command and configuration.

        Raises:
            TypeError: for an empty command, a hook, or an unknown keyword.
        """
        if not command:
            raise StepInterfaceError("CommandStep needs a command")
        for name in ("on_failure", "on_success", "on_start", "on_end"):
            if name in options:
                raise StepInterfaceError(f"CommandStep has no hooks: `{name}`")
        super().__init__(**options)
        self.options["enable_cache"] = False
        self.command = command

    def entrypoint(self) -> None:
        """Run the command.

        Raises:
            subprocess.CalledProcessError: when its exit status is not 0.
        """
        if callable(self.command):
            self.command()
            return
        import subprocess

        subprocess.run(self.command, check=True)

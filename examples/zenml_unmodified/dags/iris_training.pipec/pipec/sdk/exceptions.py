"""Errors that user code may catch. Names are ZenML's (`zenml.exceptions`)."""

from __future__ import annotations


class PipecError(Exception):
    """Base of pipec's own errors in user code."""


class StepInterfaceError(PipecError, TypeError):
    """A step is declared or called in a way that no step can be."""


class StepContextError(PipecError, RuntimeError):
    """The step has no such output, model or state."""


class MaterializerInterfaceError(PipecError, TypeError):
    """A materializer class is declared wrongly."""


class ServerError(PipecError, RuntimeError):
    """A value of a ZenML server was needed, and pipec has no server."""


class StepFailed(PipecError):
    """What `on_failure` receives when the step's own exception class cannot be imported.

    Attributes:
        step: id of the step.
        type: name of the exception's class.
        message: its text.
        traceback: its printed traceback.
    """

    def __init__(self, step: str, type: str, message: str, traceback: str = "") -> None:
        """See the class."""
        super().__init__(step, type, message, traceback)
        self.step, self.type, self.message, self.traceback = step, type, message, traceback

    def __str__(self) -> str:
        """One line."""
        return f"step `{self.step}` failed: {self.type}: {self.message}"

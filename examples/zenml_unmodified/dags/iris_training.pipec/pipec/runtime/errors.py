"""What can go wrong around the user's function, each with its exit status."""

from __future__ import annotations


class RuntimeFault(Exception):
    """Base of the faults that are not the user function's own.

    Attributes:
        status: the exit status of the step.
    """

    status = 2


class InvalidInvocation(RuntimeFault):
    """The invocation document is wrong, or names a function that is not in the code root."""


class InputFault(RuntimeFault):
    """An input could not be loaded or does not fit its annotation."""

    status = 3


class OutputFault(RuntimeFault):
    """An output is missing, does not fit its declaration or could not be stored."""

    status = 4

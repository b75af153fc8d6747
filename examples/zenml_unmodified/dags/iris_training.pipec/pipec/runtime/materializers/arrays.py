"""Numpy arrays."""

from __future__ import annotations

import importlib
import pathlib
import sys
from typing import Any

from pipec.runtime.artifacts import Workspace
from pipec.runtime.codec import NotCanonical


def is_array(value: Any) -> bool:
    """Whether it is an array of numpy's own class; matrices and masked arrays are more than their bytes."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and type(value) is numpy.ndarray


class Array:
    """`.npy`, which keeps dtype, shape and order of memory."""

    name = "numpy"

    def save(self, value: Any, folder: pathlib.Path) -> None:
        """Write the array.

        Raises:
            NotCanonical: for arrays of Python objects.
        """
        numpy: Any = importlib.import_module("numpy")
        if value.dtype.hasobject:
            raise NotCanonical("an array of Python objects")
        numpy.save(folder / "data.npy", value, allow_pickle=False)

    def load(self, folder: pathlib.Path, expected: Any, workspace: Workspace) -> Any:
        """Read the array."""
        numpy: Any = importlib.import_module("numpy")
        return numpy.load(folder / "data.npy", allow_pickle=False)

    def describe(self, value: Any) -> dict[str, Any]:
        """Shape and type."""
        return {"shape": tuple(value.shape), "dtype": str(value.dtype)}

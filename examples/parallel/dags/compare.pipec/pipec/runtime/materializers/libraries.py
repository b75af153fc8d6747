"""Values of libraries that may be installed: polars, scipy's sparse matrices, Pillow's images, torch.

Each is written in the library's own exact format; a value that it does not give back as it was is pickled.
"""

from __future__ import annotations

import importlib
import pathlib
import sys
from typing import Any

from pipec.runtime import codec
from pipec.runtime.artifacts import Workspace
from pipec.runtime.codec import NotCanonical


class Polars:
    """A DataFrame or Series as Parquet; the name of a Series lies in `name.json`."""

    name = "polars"

    @staticmethod
    def takes(value: Any) -> bool:
        """Whether it is one of polars' own classes; a LazyFrame is a plan, not data."""
        polars = sys.modules.get("polars")
        return polars is not None and type(value) in (polars.DataFrame, polars.Series)

    def save(self, value: Any, folder: pathlib.Path) -> None:
        """Write the table."""
        polars: Any = importlib.import_module("polars")
        frame = value
        if isinstance(value, polars.Series):
            frame = value.to_frame("0")
            (folder / "name.json").write_text(codec.dumps(value.name) + "\n", encoding="ascii")
        if any(str(each).startswith("Object") for each in frame.dtypes):
            raise NotCanonical("a column of Python objects")
        frame.write_parquet(folder / "table.parquet")

    def load(self, folder: pathlib.Path, expected: Any, workspace: Workspace) -> Any:
        """Read the table."""
        polars: Any = importlib.import_module("polars")
        frame = polars.read_parquet(folder / "table.parquet", memory_map=False)
        name = folder / "name.json"
        return frame["0"].alias(codec.loads(name.read_bytes())) if name.exists() else frame

    def describe(self, value: Any) -> dict[str, Any]:
        """Shape and types."""
        columns = getattr(value, "schema", None)
        types = str(value.dtype) if columns is None else {name: str(each) for name, each in columns.items()}
        return {"shape": tuple(value.shape), "dtype": types}


class Sparse:
    """A sparse matrix or array of scipy, in `.npz`."""

    name = "sparse"

    @staticmethod
    def takes(value: Any) -> bool:
        """Whether it is one of the formats that scipy writes."""
        sparse = sys.modules.get("scipy.sparse")
        if sparse is None or not type(value).__module__.startswith("scipy.sparse."):
            return False
        return bool(sparse.issparse(value)) and value.format in ("csc", "csr", "bsr", "dia", "coo")

    def save(self, value: Any, folder: pathlib.Path) -> None:
        """Write the matrix."""
        if value.dtype.hasobject or getattr(value, "ndim", 2) != 2:
            raise NotCanonical("a sparse array that has objects or is no matrix")
        importlib.import_module("scipy.sparse").save_npz(folder / "matrix.npz", value, compressed=False)

    def load(self, folder: pathlib.Path, expected: Any, workspace: Workspace) -> Any:
        """Read the matrix."""
        return importlib.import_module("scipy.sparse").load_npz(folder / "matrix.npz")

    def describe(self, value: Any) -> dict[str, Any]:
        """Shape, type and how many values are stored."""
        return {"shape": tuple(value.shape), "dtype": str(value.dtype), "nnz": int(value.nnz)}


class Image:
    """An image of Pillow as PNG: its pixels, palette and mode."""

    name = "image"
    _MODES = ("1", "L", "LA", "I;16", "P", "RGB", "RGBA")

    @staticmethod
    def takes(value: Any) -> bool:
        """Whether it is an image."""
        pillow = sys.modules.get("PIL.Image")
        return pillow is not None and isinstance(value, pillow.Image)

    def save(self, value: Any, folder: pathlib.Path) -> None:
        """Write the image.

        Raises:
            NotCanonical: for a mode that PNG lacks, several frames, or EXIF data.
        """
        if value.mode not in self._MODES or getattr(value, "n_frames", 1) > 1 or len(value.getexif()):
            raise NotCanonical(f"an image of mode {value.mode}, with several frames or with EXIF data")
        value.save(folder / "image.png", format="PNG")

    def load(self, folder: pathlib.Path, expected: Any, workspace: Workspace) -> Any:
        """Read the image."""
        pillow: Any = importlib.import_module("PIL.Image")
        with pillow.open(folder / "image.png") as image:
            return image.copy()

    def describe(self, value: Any) -> dict[str, Any]:
        """Size and mode."""
        return {"width": value.width, "height": value.height, "mode": value.mode}


class Torch:
    """A tensor or module, as `torch.save` writes it: a pickle whose tensors lie beside it."""

    name = "torch"

    @staticmethod
    def takes(value: Any) -> bool:
        """Whether it is a tensor or a module."""
        torch = sys.modules.get("torch")
        return torch is not None and isinstance(value, torch.Tensor | torch.nn.Module)

    def save(self, value: Any, folder: pathlib.Path) -> None:
        """Write the value."""
        importlib.import_module("torch").save(value, folder / "data.pt")

    def load(self, folder: pathlib.Path, expected: Any, workspace: Workspace) -> Any:
        """Read the value, on the CPU where there is no GPU."""
        torch: Any = importlib.import_module("torch")
        place = None if torch.cuda.is_available() else "cpu"
        # The digest of the file was verified, as that of any pickle.
        return torch.load(folder / "data.pt", map_location=place, weights_only=False)

    def describe(self, value: Any) -> dict[str, Any]:
        """Shape and type of a tensor, number of parameters of a module."""
        if hasattr(value, "parameters"):
            return {"parameters": sum(each.numel() for each in value.parameters())}
        return {"shape": tuple(value.shape), "dtype": str(value.dtype)}


ALL = (Polars, Sparse, Image, Torch)

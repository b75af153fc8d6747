"""DataFrames and Series of pandas: Parquet, where it gives back the same table.

CSV would lose types, and Parquet loses some things too (`None` beside `NaN`, mixed columns, labels that are no text, a
frequency): such a table is pickled, and a warning says why.
"""

from __future__ import annotations

import importlib
import pathlib
import sys
from typing import Any

from pipec.runtime import codec
from pipec.runtime.artifacts import Workspace
from pipec.runtime.codec import NotCanonical

_MOST_COLUMNS = 200
_EXACT = frozenset(
    (
        *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"),
        *("boolean", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64"),
    )
)
"""Names of the types of columns that Parquet and pandas give back as they were; times and texts are looked at below."""


def is_table(value: Any) -> bool:
    """Whether it is a DataFrame or Series of pandas' own class."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and type(value) in (pandas.DataFrame, pandas.Series)


class Table:
    """`frame.parquet` or `series.parquet`; the name of a Series lies in `name.json`."""

    name = "pandas"

    def save(self, value: Any, folder: pathlib.Path) -> None:
        """Write the table.

        Raises:
            NotCanonical: where Parquet would change it, or pyarrow is not installed.
        """
        pandas: Any = importlib.import_module("pandas")
        try:
            importlib.import_module("pyarrow")
        except ImportError:
            raise NotCanonical("pyarrow is not installed") from None
        is_series = isinstance(value, pandas.Series)
        frame = value.to_frame("0") if is_series else value
        reason = _loss(frame)
        if reason is not None:
            raise NotCanonical(reason)
        if is_series:
            (folder / "name.json").write_text(codec.dumps(value.name) + "\n", encoding="ascii")
        frame.to_parquet(folder / ("series.parquet" if is_series else "frame.parquet"), engine="pyarrow")

    def load(self, folder: pathlib.Path, expected: Any, workspace: Workspace) -> Any:
        """Read the table."""
        if (folder / "frame.parquet").exists():
            return _read(folder / "frame.parquet")
        series = _read(folder / "series.parquet")["0"]
        series.name = codec.loads((folder / "name.json").read_bytes())
        return series

    def describe(self, value: Any) -> dict[str, Any]:
        """Shape and types; those of the columns where there are not too many to read."""
        if value.ndim == 1:
            return {"shape": tuple(value.shape), "dtype": str(value.dtype)}
        types = {} if value.shape[1] > _MOST_COLUMNS else {str(name): str(each) for name, each in value.dtypes.items()}
        return {"shape": tuple(value.shape), **({"dtype": types} if types else {})}


def _read(path: pathlib.Path) -> Any:
    # Buffered ahead, the file would lie in memory beside the table that is read from it and the one that is made of it.
    return importlib.import_module("pandas").read_parquet(path, engine="pyarrow", pre_buffer=False)


def _loss(frame: Any) -> str | None:
    """What Parquet would lose, None if nothing."""
    pandas: Any = importlib.import_module("pandas")
    if frame.attrs:
        return "attributes of the table"
    columns = frame.columns
    if not len(columns):
        return "no columns"
    if not all(type(name) is str for name in columns) or not columns.is_unique or columns.name is not None:
        return "labels of columns that are not unique plain text"
    index = frame.index
    if isinstance(index, pandas.MultiIndex) or getattr(index, "freq", None) is not None:
        return "an index with levels or a frequency"
    if not isinstance(index.name, str | None):
        return "a name of the index that is no text"
    if not isinstance(index, pandas.RangeIndex):
        reason = _column_loss(index, "the index")
        if reason is not None:
            return reason
    for name in columns:
        reason = _column_loss(frame[name], f"column `{name}`")
        if reason is not None:
            return reason
    return None


def _column_loss(column: Any, where: str) -> str | None:
    pandas: Any = importlib.import_module("pandas")
    dtype = column.dtype
    if str(dtype) in _EXACT:
        return None
    if isinstance(dtype, pandas.CategoricalDtype):
        categories = dtype.categories
        # Parquet writes no order of an index, and no categories but texts.
        is_kept = isinstance(column, pandas.Series) and str(categories.dtype) in ("object", "str", "string")
        return _column_loss(categories, where) if is_kept else f"categories of {where}"
    if isinstance(dtype, pandas.DatetimeTZDtype):
        return None if dtype.unit in ("ms", "us", "ns") and hasattr(dtype.tz, "key") else f"the time zone of {where}"
    if getattr(dtype, "kind", "") in "mM":
        return None if str(dtype).endswith(("[ms]", "[us]", "[ns]")) else f"the unit of {where}"
    if isinstance(dtype, pandas.StringDtype):
        return None
    if getattr(dtype, "kind", "") == "O" and pandas.api.types.infer_dtype(column, skipna=False) == "string":
        # Since pandas 3 text that was read is of the type `str`; before that it is `object` as here.
        return f"the type of {where}" if pandas.__version__.split(".")[0] >= "3" else None
    return f"the type of {where}, {dtype}"

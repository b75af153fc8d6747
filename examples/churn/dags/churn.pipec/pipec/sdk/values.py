"""Values with a meaning: texts that are shown, and metadata with a unit (`zenml.types`, `zenml.metadata`)."""

from __future__ import annotations

from typing import Any, TypeAlias


class HTMLString(str):
    """Text that is HTML."""


class MarkdownString(str):
    """Text that is Markdown."""


class CSVString(str):
    """Text that is CSV."""


class JSONString(str):
    """Text that is JSON."""


class Uri(str):
    """Metadata: an address."""


class Path(str):
    """Metadata: a path."""


class DType(str):
    """Metadata: a data type."""


class StorageSize(int):
    """Metadata: a size in bytes."""


MetadataType: TypeAlias = (
    str
    | int
    | float
    | bool
    | dict[Any, Any]
    | list[Any]
    | set[Any]
    | tuple[Any, ...]
    | Uri
    | Path
    | DType
    | StorageSize
)
"""What `log_metadata` takes as a value."""

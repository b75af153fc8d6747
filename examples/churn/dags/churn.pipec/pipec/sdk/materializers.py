"""How values of a type are stored and read. Derive from `BaseMaterializer`; declaring the class registers it."""

from __future__ import annotations

from typing import Any, ClassVar

from pipec.sdk import fileio
from pipec.sdk.enums import ArtifactType, VisualizationType
from pipec.sdk.exceptions import MaterializerInterfaceError

registry: dict[type[Any], type[BaseMaterializer]] = {}
"""The class that stores values of a type, for classes whose module was imported; the last declared wins."""


class BaseMaterializer:
    """Stores and reads values of some types, in a folder.

    Attributes:
        ASSOCIATED_TYPES: the types.
        ASSOCIATED_ARTIFACT_TYPE: what such artifacts are for.
        SKIP_REGISTRATION: the class is a base of others; not inherited.
        uri: the folder, a path or a URL.
        artifact_store: file operations on it.
    """

    ASSOCIATED_TYPES: ClassVar[tuple[type[Any], ...]] = ()
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.BASE
    SKIP_REGISTRATION: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Register the class.

        Raises:
            MaterializerInterfaceError: when its types are missing or are no types.
        """
        super().__init_subclass__(**kwargs)
        if cls.__dict__.get("SKIP_REGISTRATION"):
            return
        if not cls.ASSOCIATED_TYPES:
            raise MaterializerInterfaceError(f"materializer `{cls.__name__}` names no ASSOCIATED_TYPES")
        types: tuple[Any, ...] = cls.ASSOCIATED_TYPES
        for each in types:
            if not isinstance(each, type):
                raise MaterializerInterfaceError(f"materializer `{cls.__name__}`: {each!r} is no class")
            registry[each] = cls

    def __init__(self, uri: str, artifact_store: Any = None) -> None:
        """Work on a folder."""
        self.uri = uri
        self.artifact_store: Any = fileio if artifact_store is None else artifact_store

    def load(self, data_type: type[Any]) -> Any:
        """Read the value as `data_type`; to be implemented."""
        raise NotImplementedError(f"{type(self).__name__} does not implement `load`")

    def save(self, data: Any) -> None:
        """Store the value; to be implemented."""
        raise NotImplementedError(f"{type(self).__name__} does not implement `save`")

    def save_visualizations(self, data: Any) -> dict[str, VisualizationType]:
        """Store visualisations below `uri`; their addresses and kinds."""
        return {}

    def extract_metadata(self, data: Any) -> dict[str, Any]:
        """Metadata of the value."""
        return {}

    def compute_content_hash(self, data: Any) -> str | None:
        """A digest of the value, or None where the stored bytes are to be digested."""
        return None

    def get_item_count(self, data: Any) -> int | None:
        """How many items the value has; with `load_item` it can be mapped over."""
        return None

    def load_item(self, data_type: type[Any], index: int) -> Any:
        """Read one item.

        Raises:
            NotImplementedError: unless it is implemented.
        """
        raise NotImplementedError(f"{type(self).__name__} does not load single items")

    @classmethod
    def can_save_type(cls, data_type: type[Any]) -> bool:
        """Whether values of the type can be stored."""
        return issubclass(data_type, cls.ASSOCIATED_TYPES)

    @classmethod
    def can_load_type(cls, data_type: type[Any]) -> bool:
        """Whether a value can be read as the type."""
        return any(issubclass(each, data_type) or issubclass(data_type, each) for each in cls.ASSOCIATED_TYPES)

    def validate_save_type_compatibility(self, data_type: type[Any]) -> None:
        """Check that values of the type can be stored.

        Raises:
            TypeError: when they cannot.
        """
        if not self.can_save_type(data_type):
            raise TypeError(f"{type(self).__name__} stores {self.ASSOCIATED_TYPES}, not {data_type}")

    def validate_load_type_compatibility(self, data_type: type[Any]) -> None:
        """Check that a value can be read as the type.

        Raises:
            TypeError: when it cannot.
        """
        if not self.can_load_type(data_type):
            raise TypeError(f"{type(self).__name__} reads {self.ASSOCIATED_TYPES}, not {data_type}")

from dataclasses import dataclass, field

TARGET = "left"
SEED = 20


@dataclass(frozen=True)
class ForestSettings:
    """The shape of the forest."""

    trees: int = 50
    depth: int | None = None
    features: str = "sqrt"
    weights: dict[str, float] = field(default_factory=lambda: {"stay": 1.0, "leave": 1.0})

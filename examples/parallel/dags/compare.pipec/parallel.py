from typing import Annotated

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from pipec.sdk import pipeline, step


@step
def load_data() -> tuple[Annotated[np.ndarray, "features"], Annotated[np.ndarray, "labels"]]:
    """Loads the wine data set that ships with scikit-learn."""
    features, labels = load_wine(return_X_y=True)
    return features, labels


def make_model(kind: str, seed: int) -> ClassifierMixin:
    """An untrained model of the given kind."""
    if kind == "forest":
        return RandomForestClassifier(n_estimators=20, random_state=seed)
    if kind == "logistic":
        return make_pipeline(StandardScaler(), LogisticRegression(random_state=seed))
    return make_pipeline(StandardScaler(), KNeighborsClassifier())


@step
def train_model(features: np.ndarray, labels: np.ndarray, kind: str, seed: int) -> dict[str, str | float]:
    """Trains one model five times and reports its mean accuracy."""
    scores = cross_val_score(make_model(kind, seed), features, labels, cv=5)
    return {"kind": kind, "accuracy": round(float(scores.mean()), 4)}


@step
def compare_models(
    results: list[dict[str, str | float]],
) -> tuple[Annotated[str, "best_kind"], Annotated[float, "best_accuracy"]]:
    """Picks the most accurate model."""
    best = max(results, key=lambda result: float(result["accuracy"]))
    return str(best["kind"]), float(best["accuracy"])

from typing import Tuple

import pandas as pd
from sklearn.base import ClassifierMixin
from sklearn.svm import SVC
from typing_extensions import Annotated

from zenml import ArtifactConfig, get_step_context, log_metadata, step
from zenml.enums import ArtifactType


@step
def train_svc(
    X_train: pd.DataFrame, y_train: pd.Series, gamma: float = 0.001
) -> Tuple[
    Annotated[
        ClassifierMixin,
        ArtifactConfig(name="svc", artifact_type=ArtifactType.MODEL),
    ],
    Annotated[float, "training_acc"],
]:
    """Train a support vector classifier."""
    model = SVC(gamma=gamma)
    model.fit(X_train.to_numpy(), y_train.to_numpy())
    train_acc = float(model.score(X_train.to_numpy(), y_train.to_numpy()))
    print(f"{get_step_context().step_name}: train accuracy {train_acc}")
    return model, train_acc


@step
def evaluate_model(
    model: ClassifierMixin, X_test: pd.DataFrame, y_test: pd.Series
) -> Annotated[float, "test_acc"]:
    """Measure how well it does on flowers that it has not seen."""
    test_acc = float(model.score(X_test.to_numpy(), y_test.to_numpy()))
    log_metadata({"test_acc": test_acc})
    return test_acc

from typing import Annotated

import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score, roc_auc_score

from pipec.sdk import step


@step
def evaluate(
    model: RandomForestClassifier, features: pd.DataFrame, target: pd.Series
) -> tuple[Annotated[float, "accuracy"], Annotated[float, "auc"]]:
    """Measures the model on customers that it has not seen."""
    accuracy = accuracy_score(target, model.predict(features))
    auc = roc_auc_score(target, model.predict_proba(features)[:, 1])
    return round(float(accuracy), 4), round(float(auc), 4)


@step
def report(accuracy: float, auc: float, threshold: float) -> Annotated[str, "summary"]:
    """Says in a sentence what came out."""
    verdict = "good enough" if accuracy >= threshold else "not good enough"
    return f"accuracy {accuracy:.4f}, AUC {auc:.4f}: {verdict}"

from typing import Annotated

import pandas as pd
from sklearn.ensemble import RandomForestClassifier

from churn.config import ForestSettings
from pipec.sdk import step


@step
def train(
    features: pd.DataFrame, target: pd.Series, settings: ForestSettings, seed: int
) -> Annotated[RandomForestClassifier, "model"]:
    """Grows a random forest."""
    model = RandomForestClassifier(
        n_estimators=settings.trees,
        max_depth=settings.depth,
        max_features=settings.features,
        random_state=seed,
    )
    return model.fit(features, target)

from typing import Annotated

import pandas as pd
from sklearn.model_selection import train_test_split

from churn import config
from churn.features import standardize
from pipec.sdk import step


@step
def split(
    customers: pd.DataFrame, test_size: float, seed: int = config.SEED
) -> tuple[
    Annotated[pd.DataFrame, "train_features"],
    Annotated[pd.DataFrame, "test_features"],
    Annotated[pd.Series, "train_target"],
    Annotated[pd.Series, "test_target"],
]:
    """Splits the customers, and scales both parts by what is known of the first."""
    train, test = train_test_split(customers, test_size=test_size, random_state=seed)
    train_features, test_features = train.drop(columns=config.TARGET), test.drop(columns=config.TARGET)
    return (
        standardize(train_features, train_features),
        standardize(test_features, train_features),
        train[config.TARGET],
        test[config.TARGET],
    )

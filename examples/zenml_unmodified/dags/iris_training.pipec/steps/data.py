from typing import Tuple

import pandas as pd
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from typing_extensions import Annotated

from zenml import step
from zenml.logger import get_logger

logger = get_logger(__name__)


@step
def load_iris_data() -> Annotated[pd.DataFrame, "iris"]:
    """Load the iris data set as one table."""
    iris = load_iris(as_frame=True)
    logger.info("Loaded %d flowers", len(iris.frame))
    return iris.frame


@step(enable_cache=False)
def split_data(
    data: pd.DataFrame, test_size: float = 0.25
) -> Tuple[
    Annotated[pd.DataFrame, "X_train"],
    Annotated[pd.DataFrame, "X_test"],
    Annotated[pd.Series, "y_train"],
    Annotated[pd.Series, "y_test"],
]:
    """Split it into a part to learn from and a part to test with."""
    features = data.drop(columns="target")
    X_train, X_test, y_train, y_test = train_test_split(
        features, data["target"], test_size=test_size, random_state=42
    )
    return X_train, X_test, y_train, y_test

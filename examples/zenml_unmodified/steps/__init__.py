from .data import load_iris_data, split_data
from .model import evaluate_model, train_svc

__all__ = ["evaluate_model", "load_iris_data", "split_data", "train_svc"]

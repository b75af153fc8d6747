"""The training pipeline."""

from churn import config
from churn.steps import evaluate, load, report, split, train
from pipec.sdk import pipeline


@pipeline
def churn(test_size: float = config.TEST_SIZE, seed: int = config.SEED, threshold: float = 0.9):
    """Trains a model that predicts which customers leave, and says how good it is.

    Args:
        test_size: share of the customers that the model is tested with.
        seed: where randomness starts.
        threshold: the accuracy from which the model is good enough.
    """
    customers = load()
    train_features, test_features, train_target, test_target = split(customers, test_size, seed=seed)
    model = train(train_features, train_target, config.SMALL_FOREST, seed)
    accuracy, auc = evaluate(model, test_features, test_target)
    report(accuracy, auc, threshold=threshold)
    return accuracy, auc

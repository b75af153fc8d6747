from steps import evaluate_model, load_iris_data, split_data, train_svc

from zenml import pipeline


@pipeline
def iris_training(gamma: float = 0.002, test_size: float = 0.25):
    """Train and test a classifier of iris flowers."""
    data = load_iris_data()
    X_train, X_test, y_train, y_test = split_data(data, test_size=test_size)
    model, _ = train_svc(X_train, y_train, gamma=gamma)
    return evaluate_model(model, X_test, y_test)

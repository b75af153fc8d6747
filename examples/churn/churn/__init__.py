"""Predicts which customers leave. The breast-cancer data of scikit-learn stands in for a customer table."""

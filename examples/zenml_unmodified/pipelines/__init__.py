from pipelines.training import iris_training

__all__ = ["iris_training"]

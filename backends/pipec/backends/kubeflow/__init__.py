"""The target `kubeflow`: specs for Kubeflow Pipelines 2, written without KFP's SDK."""

from pipec.backends.kubeflow.backend import backend

__all__ = ["backend"]

"""Argo Workflows: `pipec compile --target argo`."""

from pipec.backends.argo.backend import ArgoBackend, backend

__all__ = ["ArgoBackend", "backend"]

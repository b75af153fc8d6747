"""The target `airflow`: a DAG file that imports nothing but Airflow, and a folder with the code that its steps run."""

from __future__ import annotations

from pipec.backends.airflow.backend import AirflowBackend

__all__ = ["AirflowBackend", "backend"]

backend = AirflowBackend()

"""Hand-written: a DAG that Airflow 3 imports with warnings."""

from __future__ import annotations

from airflow.decorators import task
from airflow.sdk import DAG

with DAG(dag_id="deprecated", schedule=None) as dag:

    @task
    def only() -> int:
        return 1

    only()

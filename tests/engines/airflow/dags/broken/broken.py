"""Hand-written: an Airflow DAG file that cannot be imported."""

from __future__ import annotations

import a_module_that_is_not_there
from airflow.sdk import DAG

with DAG(dag_id="broken", schedule=None) as dag:
    a_module_that_is_not_there.build()

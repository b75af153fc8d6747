"""Hand-written: proves the drivers, not pipec. Two tasks, a parameter, and a failure on demand."""

from __future__ import annotations

from airflow.sdk import DAG, Param, task

with DAG(dag_id="sums", schedule=None, params={"n": Param(5, type="integer")}) as dag:

    @task
    def first(n: str) -> int:
        return int(n) + 1

    @task
    def second(total: int) -> dict[str, int]:
        if total > 100:
            raise ValueError("too big")
        return {"total": total + 1}

    second(first("{{ params.n }}"))

"""Run DAGs with Airflow's `dag.test()`, many in one process. Runs in Airflow's environment.

    python dagrun.py REQUEST.json RESPONSE.json

The request is `{"database": FILE, "cases": [{"dags_folder", "dag_id", "conf"?, "environment"?, "home"?, "timeout"?}, …]}`:
`database` is a migrated SQLite file that is made if it is missing and copied for each case; `home` becomes the case's `AIRFLOW_HOME` (else a
folder that is removed afterwards); `timeout` is in seconds. The response has one entry a case, in that order:
`{"state", "error", "tasks": [{"task_id", "map_index", "state", "tries"}], "xcoms": [{"task_id", "map_index", "key", "value"}], "log"}`.

One small folder for each case, please: `dag.test()` imports every file of the DAG folder again. Each case runs in a child forked from one
process that has imported Airflow, because `dag.test()` changes the parameters of the DAG object, starts threads that do not survive a
fork, and takes its database from global state; the child has its own database and home.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from apart import run_apart

if TYPE_CHECKING:
    from fastapi import FastAPI

TIMEOUT = 300.0


def migrated(database: Path) -> None:
    """Make the template database unless it is there. Whoever comes second finds the finished file: it appears in one move."""
    if database.exists():
        return
    database.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="airflow-db-", dir=database.parent) as home:
        environment = {**os.environ, "AIRFLOW_HOME": home, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"airflow db migrate failed:\n{done.stdout}\n{done.stderr}")
        made = Path(home, "airflow.db")
        with contextlib.closing(sqlite3.connect(made)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        made.replace(database)


def preload() -> None:
    """Import and build what the first `dag.test()` of a process would: most of its cost, paid once for all cases."""
    import airflow.api_fastapi.execution_api.app
    import airflow.dag_processing.bundles.manager
    import airflow.dag_processing.dagbag
    import airflow.models.dagrun
    import airflow.models.xcom
    import airflow.sdk.execution_time.supervisor
    import airflow.sdk.execution_time.task_runner
    import airflow.serialization.serialized_objects

    asyncio.run(build_routes(airflow.sdk.execution_time.supervisor.in_process_api_server().app))
    if threading.active_count() > 1:
        raise SystemExit("a thread is running before the forks")
    with contextlib.suppress(ImportError):
        import airflow.providers.standard.operators.python


async def build_routes(application: FastAPI) -> None:
    """Ask the execution API, which `dag.test()` shares between all its calls, for anything: it builds its routes on the first request.

    That takes four seconds. The transport used here starts no thread, so the application survives the forks.
    """
    import httpx

    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://in-process") as client:
        await client.get("/no-such-path")  # any other needs the services of the transport's own start


def prepare(case: dict[str, Any], home: Path, database: Path) -> None:
    """Point this process, which has imported Airflow with another configuration, at the case's own home and database."""
    shutil.copyfile(database, home / "airflow.db")
    os.environ.update(
        {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(Path(case["dags_folder"]).absolute()),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}",
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home / "logs"),
            **case.get("environment", {}),
        }
    )
    from airflow import settings

    settings.dispose_orm(do_log=False)
    settings.configure_vars()
    settings.configure_orm()


def run(case: dict[str, Any]) -> dict[str, Any]:
    """Import the DAG as Airflow would and run it to its end."""
    from airflow.dag_processing.dagbag import DagBag

    folder = Path(case["dags_folder"]).absolute()
    bag = DagBag(dag_folder=folder, bundle_path=folder, bundle_name="dags-folder")
    dag = bag.dags.get(case["dag_id"])
    if dag is None:
        detail = "".join(bag.import_errors.values()) or f"the folder has {sorted(bag.dags)}"
        return failed(f"no DAG {case['dag_id']!r}: {detail}")
    error = None
    try:
        dag.test(run_conf=case.get("conf"))
    except BaseException as fault:
        # Parameters that do not fit the schema end here, before any task starts.
        error = "".join(traceback.format_exception_only(fault)).strip()
    return {**recorded(case["dag_id"]), "error": error}


def recorded(dag_id: str) -> dict[str, Any]:
    """What the database says of the run."""
    from airflow import settings
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel

    session = settings.Session()
    session.expire_all()
    runs = session.query(DagRun).filter(DagRun.dag_id == dag_id).all()
    if not runs:
        return failed(None)
    instances = session.query(TaskInstance).filter(TaskInstance.dag_id == dag_id)
    values = session.query(XComModel).filter(XComModel.dag_id == dag_id)
    return {
        "state": text(runs[-1].state),
        "tasks": [
            {"task_id": each.task_id, "map_index": each.map_index, "state": text(each.state), "tries": each.try_number}
            for each in instances.order_by(TaskInstance.task_id, TaskInstance.map_index)
        ],
        "xcoms": [
            {
                "task_id": each.task_id,
                "map_index": each.map_index,
                "key": each.key,
                "value": XComModel.deserialize_value(each),
            }
            for each in values.order_by(XComModel.task_id, XComModel.map_index, XComModel.key)
        ],
    }


def text(state: object) -> str | None:
    """A state as Airflow spells it, whether this release gives an enumeration or a string."""
    return None if state is None else str(getattr(state, "value", state))


def failed(error: str | None) -> dict[str, Any]:
    """The entry of a case that has no run."""
    return {"state": None, "error": error, "tasks": [], "xcoms": []}


def entry(case: dict[str, Any], home: Path, database: Path) -> dict[str, Any]:
    """One entry of the response."""

    def in_child() -> dict[str, Any]:
        prepare(case, home, database)
        return run(case)

    result, fault, log = run_apart(in_child, home, case.get("timeout", TIMEOUT))
    return {**(result if result is not None else failed(fault)), "log": log}


def main(request: str, response: str) -> int:
    """Run every case of the request; exit 0 if all could be tried, whatever came out."""
    asked = json.loads(Path(request).read_text())
    database = Path(asked["database"]).absolute()
    entries = []
    with tempfile.TemporaryDirectory(prefix="dagrun-") as own:
        os.environ.update(AIRFLOW_HOME=own, AIRFLOW__CORE__LOAD_EXAMPLES="False")
        migrated(database)
        preload()
        import airflow

        for number, case in enumerate(asked["cases"]):
            home = Path(case.get("home") or Path(own, f"case-{number}")).absolute()
            home.mkdir(parents=True, exist_ok=True)
            entries.append(entry(case, home, database))
    Path(response).write_text(json.dumps({"airflow": airflow.__version__, "results": entries}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

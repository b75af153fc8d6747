"""Run DAGs of Airflow 2 with `dag.test()`. Runs in an environment of that release.

    python dagrun2.py REQUEST.json RESPONSE.json

The request is `{"home": FOLDER, "cases": [{"dags_folder", "conf", "environment"}, …]}`, one DAG a folder; the response has the state
of each run, or why there was none.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any


def run(case: dict[str, Any], answer: Path) -> None:
    """One case, in a child of its own."""
    os.environ.update(case["environment"])
    from airflow import settings
    from airflow.models.dagbag import DagBag

    settings.dispose_orm()
    settings.configure_orm()
    try:
        bag = DagBag(dag_folder=case["dags_folder"], include_examples=False)
        (dag,) = bag.dags.values()
        state = str(dag.test(run_conf=case["conf"], execution_date=dt.datetime.now(dt.UTC)).state)
    except BaseException:
        state = traceback.format_exc()
    answer.write_text(json.dumps(state.rpartition(".")[2]), encoding="utf-8")


def main(request: str, response: str) -> int:
    """Run every case of the request."""
    asked = json.loads(Path(request).read_text(encoding="utf-8"))
    home = Path(asked["home"])
    os.environ.update(AIRFLOW_HOME=str(home), AIRFLOW__CORE__LOAD_EXAMPLES="False")
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True, capture_output=True)
    import airflow.models.dagbag  # noqa: F401

    states: list[str] = []
    for number, case in enumerate(asked["cases"]):
        answer = home / f"{number}.json"
        child = os.fork()
        if child == 0:
            run(case, answer)
            os._exit(0)
        os.waitpid(child, 0)
        states.append(json.loads(answer.read_text(encoding="utf-8")) if answer.exists() else "nothing")
    Path(response).write_text(json.dumps(states), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

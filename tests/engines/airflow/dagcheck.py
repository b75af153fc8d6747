"""Import DAG files with Airflow's own DagBag and serialise what they define. Runs in Airflow's environment.

    python dagcheck.py REQUEST.json RESPONSE.json

The request is `{"paths": [file or folder, …]}`; the response has one entry a path, in that order:
`{"path", "errors": [text], "warnings": [text], "dags": {dag id: {"tasks": [id], "serialized": digest}}}`. The digest leaves out where
the file lies; it differs where Airflow would make a new version of the DAG.

No database is touched. Each path is loaded in a child forked from one process that has imported Airflow: a file sees no module that another
one left behind, and a warning that a deprecated module gives only on its first import is seen for each file that causes it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from apart import run_apart

TIMEOUT = 120.0


def check(path: Path) -> dict[str, Any]:
    """One entry of the response. An empty DagBag is an error: Airflow skips in silence what does not look like a DAG file to it."""
    from airflow.dag_processing.dagbag import DagBag
    from airflow.serialization.serialized_objects import DagSerialization

    entry: dict[str, Any] = {"path": str(path), "errors": [], "warnings": [], "dags": {}}
    if not path.exists():
        entry["errors"].append("no such file or folder")
        return entry
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        bag = DagBag(dag_folder=path)
        for dag_id, dag in sorted(bag.dags.items()):
            try:
                dag.validate()
                serialized = DagSerialization.to_dict(dag)
            except Exception as error:
                entry["errors"].append(f"{dag_id}: {type(error).__name__}: {error}")
                continue
            for place in ("_processor_dags_folder", "fileloc", "relative_fileloc"):
                serialized["dag"].pop(place, None)
            digest = hashlib.sha256(json.dumps(serialized, sort_keys=True).encode()).hexdigest()
            entry["dags"][dag_id] = {"tasks": list(dag.task_ids), "serialized": digest}
    entry["errors"] += [f"{name}: {text}" for name, text in sorted(bag.import_errors.items())]
    # DagBag records those of the import, and shows them again as plain UserWarnings; the others come from serialising.
    recorded = [text for _, texts in sorted(bag.captured_warnings.items()) for text in texts]
    others = [f"{each.filename}:{each.lineno}: {each.category.__name__}: {each.message}" for each in caught]
    shown_again = {text.split(": ", 2)[-1] for text in recorded}
    entry["warnings"] = list(
        dict.fromkeys([*recorded, *(o for o in others if o.split(": ", 2)[-1] not in shown_again)])
    )
    if not bag.dags and not entry["errors"]:
        entry["errors"].append("Airflow found no DAG here")
    return entry


def entry(path: Path, home: Path) -> dict[str, Any]:
    """One entry of the response, made in a forked child: even `os._exit` in a DAG file is only an error of that file."""
    home.mkdir()
    result, fault, _ = run_apart(lambda: check(path), home, TIMEOUT)
    return result or {"path": str(path), "errors": [fault], "warnings": [], "dags": {}}


def main(request: str, response: str) -> int:
    """Check every path of the request; exit 0 if all could be judged, whatever the verdict."""
    paths = [Path(path) for path in json.loads(Path(request).read_text())["paths"]]
    with tempfile.TemporaryDirectory(prefix="dagcheck-") as home:
        os.environ.update(
            AIRFLOW_HOME=home, AIRFLOW__CORE__LOAD_EXAMPLES="False", AIRFLOW__CORE__UNIT_TEST_MODE="False"
        )
        import airflow.dag_processing.dagbag
        import airflow.sdk
        import airflow.serialization.serialized_objects

        entries = [entry(path, Path(home, f"case-{number}")) for number, path in enumerate(paths)]
    Path(response).write_text(json.dumps({"airflow": airflow.__version__, "results": entries}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

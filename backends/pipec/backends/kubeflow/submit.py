"""`pipec submit --target kubeflow`: uploads the spec, brings its recurring run up to date, starts a run and waits for it.

    Pipeline churn: created
    Version churn-4f1c09ab2d3e: uploaded
    RecurringRun nightly: created
    Run churn-77aa01bc: started

A version is named by a digest of its text, so that the same text is uploaded once. KFP cannot change a recurring run: a
new one takes the place of the old one, which is deleted after it. A run has its name before it is asked for.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipec.backends.kubeflow.api import Pipelines
from pipec.backends.kubeflow.parameters import native_type, obstacles
from pipec.backends.kubeflow.protected import protected
from pipec.compiler.digest import sha256
from pipec.compiler.submission import SubmissionFailed
from pipec.compiler.web_api import WebApi
from pipec.compiler.yaml_reader import read_back

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipec.compiler.ir.model import Parameter
    from pipec.compiler.ir.values import Json
    from pipec.compiler.submission import Submission

ENDPOINT = "KF_PIPELINES_ENDPOINT"
"""The variable in which the SDK looks for the address."""

_SHORTEST, _LONGEST = 1.0, 15.0
"""Seconds between two looks at a run."""

_ENDED = frozenset({"SUCCEEDED", "SKIPPED", "FAILED", "CANCELED"})
_MACROS = ("[[",)
"""How macros begin that the server expands in the arguments of a run."""


def submit(submission: Submission) -> bool:
    """See `pipec.compiler.submission.Submitter`."""
    main, *sidecars = submission.files
    values = {name: _argument(submission, name, value) for name, value in submission.parameters.items()}
    pipelines = _open(submission)
    spec: dict[str, Any] = next(iter(read_back(main.text)))
    info = spec["pipelineInfo"]
    name = info["name"]
    pipeline, is_new = pipelines.pipeline(name, info.get("description", ""))
    _say(submission, f"Pipeline {name}", "created" if is_new else "is there already")
    version_name = f"{name}-{sha256(main.text.encode()).hexdigest()[:12]}"
    version, is_new = pipelines.version(pipeline, version_name, main.text)
    _say(submission, f"Version {version_name}", "uploaded" if is_new else "is there already")
    source: dict[str, Any] = {"pipeline_version_reference": {"pipeline_id": pipeline, "pipeline_version_id": version}}
    if values:
        source["runtime_config"] = {"parameters": values}
    if not sidecars and not submission.starts:
        return True
    source |= pipelines.experiment()
    for file in sidecars:
        _recur(pipelines, {**next(iter(read_back(file.text))), **source}, submission)
    if not submission.starts:
        return True
    id_ = _start(pipelines, name, source, submission)
    return _wait(pipelines, id_, submission) if submission.waits else True


def _open(submission: Submission) -> Pipelines:
    server = submission.server or os.environ.get(ENDPOINT)
    if not server:
        raise SubmissionFailed(f"where is Kubeflow Pipelines? Say `--server URL`, or set `{ENDPOINT}`")
    if "://" not in server:
        server = f"http://{server}"
    headers = {} if submission.token is None else {"Authorization": f"Bearer {submission.token}"}
    return Pipelines(WebApi(server.rstrip("/"), headers), submission.namespace)


def _argument(submission: Submission, name: str, value: Json) -> Json:
    """A value of the run as the API takes it.

    Raises:
        SubmissionFailed: Kubeflow would change it.
    """
    parameter: Parameter = next(each for each in submission.pipeline.parameters if each.name == name)
    if native_type(parameter) is None:
        return protected(value)
    reasons = obstacles(value)
    if not reasons and any(macro in text for text in _texts(value) for macro in _MACROS):
        reasons = ["the server expands macros that begin with `[[`"]
    if reasons:
        raise SubmissionFailed(
            f"`{name}` cannot be given to Kubeflow: {reasons[0]}; `--bind` makes it part of the spec"
        )
    return float(value) if native_type(parameter) == "NUMBER_DOUBLE" and isinstance(value, int) else value


def _texts(value: Json) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for key, each in value.items() for text in (key, *_texts(each))]
    if isinstance(value, list | tuple):
        return [text for each in value for text in _texts(each)]
    return []


def _recur(pipelines: Pipelines, body: Mapping[str, Any], submission: Submission) -> None:
    """Leaves one recurring run of the name, as `body` has it."""
    name, pipeline = body["display_name"], body["pipeline_version_reference"]["pipeline_id"]
    known = pipelines.recurring_runs(name)
    others = [each for each in known if each.get("pipeline_version_reference", {}).get("pipeline_id") != pipeline]
    if others and not submission.takes_over:
        raise SubmissionFailed(f"recurring run {name} is there, of another pipeline: `--force` replaces it")
    if any(each.get("mode") == "DISABLE" for each in known):
        # Who switched it off meant it.
        body = {**body, "mode": "DISABLE"}
    wanted = {"runtime_config": {}, "description": "", **body}
    same = [each for each in known if all(_says(each.get(key), value) for key, value in wanted.items())]
    if not same:
        pipelines.create_recurring_run(body)
    _delete(pipelines, [each for each in known if each not in same[:1]])
    what = "unchanged" if same else "changed" if known else "created"
    _say(submission, f"RecurringRun {name}", what + (", disabled" if body["mode"] == "DISABLE" else ""))


def _delete(pipelines: Pipelines, old: Sequence[Mapping[str, Any]]) -> None:
    for each in old:
        pipelines.delete_recurring_run(each["recurring_run_id"])


def _says(known: object, wanted: object) -> bool:
    """Whether what the server answers says the same: it leaves out what is empty, and writes large integers as text."""
    if known is None or known == "":
        return not wanted
    if isinstance(wanted, Mapping):
        if not isinstance(known, Mapping):
            return False
        return all(_says(known.get(key), wanted.get(key)) for key in {**known, **wanted})
    if isinstance(wanted, list):
        pairs = isinstance(known, list) and len(known) == len(wanted) and zip(known, wanted, strict=True)
        return pairs is not False and all(_says(*pair) for pair in pairs)
    if wanted is None or isinstance(wanted, bool) or isinstance(known, bool):
        return known == wanted or not (known or wanted)
    return known == wanted or str(known) == str(wanted)


def _start(pipelines: Pipelines, name: str, source: Mapping[str, Any], submission: Submission) -> str:
    """The id of the run: of a new one, or of the one that has the name that was asked for."""
    run_name = submission.run_name or f"{name}-{secrets.token_hex(4)}"
    known = pipelines.run_named(run_name) if submission.run_name else None
    if known is None:
        known = pipelines.create_run({"display_name": run_name, **source})
        _say(submission, f"Run {run_name}", "started")
    else:
        if not all(
            _says(known.get(key), source.get(key, {})) for key in ("pipeline_version_reference", "runtime_config")
        ):
            raise SubmissionFailed(
                f"run {run_name} is there, of another version or with other parameters: name another"
            )
        _say(submission, f"Run {run_name}", "is there already")
    id_ = known.get("run_id")
    if not isinstance(id_, str):
        raise SubmissionFailed(f"run {run_name}: the answer has no `run_id`")
    return id_


def _wait(pipelines: Pipelines, id_: str, submission: Submission) -> bool:
    pause = _SHORTEST
    while True:
        run = pipelines.run(id_)
        state = run.get("state", "")
        if state in _ENDED:
            error = run.get("error", {}).get("message", "")
            if state != "SUCCEEDED" or not submission.is_quiet:
                print(f"Run {run.get('display_name', id_)}: {state.lower()}{f': {error}' if error else ''}", flush=True)
            return bool(state == "SUCCEEDED")
        time.sleep(pause)
        pause = min(pause * 1.5, _LONGEST)


def _say(submission: Submission, what: str, became: str) -> None:
    if not submission.is_quiet:
        print(f"{what}: {became}", flush=True)

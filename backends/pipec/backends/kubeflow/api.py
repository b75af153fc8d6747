"""The API of Kubeflow Pipelines, v2beta1, as `pipec submit` needs it: plain HTTP, none of the SDK's second of start-up.

Names are those of its JSON (`backend/api/v2beta1/*.proto` of kubeflow/pipelines): the server answers with snake case,
leaves out what is empty or false, and writes 64-bit integers as text.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from pipec.compiler.digest import sha256
from pipec.compiler.record import dataclass
from pipec.compiler.submission import SubmissionFailed
from pipec.compiler.web_api import WebApi

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pipec.compiler.web_api import Answer

    Document = Mapping[str, Any]

BASE = "/apis/v2beta1"
EXPERIMENT = "Default"
"""The experiment of runs in a namespace, as the SDK names it; without a namespace the server has one of its own."""

_TAKEN = 409
_AWAY = (429, 502, 503, 504)
_PAUSES = (0.2, 1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Pipelines:
    """An installation, as somebody in a namespace sees it; without one there is only one to see."""

    api: WebApi
    namespace: str | None

    def pipeline(self, name: str, description: str) -> tuple[str, bool]:
        """The id of the pipeline `name`, and whether it was made now.

        Raises:
            SubmissionFailed: the API refuses.
        """
        body = {"name": name, "display_name": name, "description": description, **self._space()}
        path = f"{BASE}/pipelines/names/{name}"
        found = self.api.ask("GET", path, query=self._space())
        if found.status != 404:
            return self._id(_good(found, f"pipeline {name}"), "pipeline_id"), False
        made = self._post("/pipelines", body)
        if made.status == _TAKEN:
            # Somebody made it in between, or an answer got lost.
            made = self.api.ask("GET", path, query=self._space())
        return self._id(_good(made, f"pipeline {name}"), "pipeline_id"), True

    def version(self, pipeline: str, name: str, text: str) -> tuple[str, bool]:
        """The id of that version of the pipeline, which is uploaded where it is not there; and whether it was.

        Raises:
            SubmissionFailed: the API refuses.
        """
        known = self._version(pipeline, name)
        if known is not None:
            return known, False
        boundary = f"pipec-{sha256(text.encode()).hexdigest()[:32]}"
        query = {"name": name, "display_name": name, "pipelineid": pipeline}
        answer = self.api.ask(
            "POST",
            f"{BASE}/pipelines/upload_version",
            _form(text, boundary),
            content_type=f"multipart/form-data; boundary={boundary}",
            query=query,
        )
        if not answer.is_good and (known := self._version(pipeline, name)) is not None:
            return known, True
        return self._id(_good(answer, f"version {name}"), "pipeline_version_id"), True

    def experiment(self) -> dict[str, str]:
        """Where runs belong, as fields of a run: the default experiment of the namespace, made where it is not there.

        Raises:
            SubmissionFailed: the API refuses.
        """
        if self.namespace is None:
            return {}
        for each in self._all("experiments", EXPERIMENT):
            return {"experiment_id": self._id(each, "experiment_id")}
        made = self._post("/experiments", {"display_name": EXPERIMENT, **self._space()})
        if made.status == _TAKEN:
            return {"experiment_id": self._id(next(self._all("experiments", EXPERIMENT)), "experiment_id")}
        return {"experiment_id": self._id(_good(made, f"experiment {EXPERIMENT}"), "experiment_id")}

    def run_named(self, name: str) -> Document | None:
        """The newest run that is called so."""
        return next(self._all("runs", name), None)

    def create_run(self, body: Document) -> Document:
        """Starts a run, once, also where an answer gets lost: a run is known by its name.

        Raises:
            SubmissionFailed: the API refuses or is away.
        """
        name, raw = body["display_name"], json.dumps(body).encode()
        answer: Answer | None = None
        problem: SubmissionFailed | None = None
        for pause in (*_PAUSES, None):
            answer = problem = None
            try:
                answer = self.api.ask("POST", f"{BASE}/runs", raw, repeats=False)
            except SubmissionFailed as lost:
                problem = lost
            if answer is not None and answer.status not in _AWAY:
                return _good(answer, f"run {name}")
            if (known := self.run_named(name)) is not None:
                return known
            if pause is None:
                break
            time.sleep(pause)
        if problem is not None:
            raise problem
        assert answer is not None
        return _good(answer, f"run {name}")

    def run(self, id_: str) -> Document:
        """A run by its id.

        Raises:
            SubmissionFailed: the API refuses, or the run is gone.
        """
        return _good(self.api.ask("GET", f"{BASE}/runs/{id_}"), f"run {id_}")

    def recurring_runs(self, name: str) -> list[Document]:
        """The recurring runs that are called so, the newest first."""
        return list(self._all("recurringruns", name, "recurringRuns"))

    def create_recurring_run(self, body: Document) -> None:
        """Makes a recurring run. The caller looks first whether it is there.

        Raises:
            SubmissionFailed: the API refuses, or its answer got lost.
        """
        name = body["display_name"]
        answer = self.api.ask("POST", f"{BASE}/recurringruns", json.dumps(body).encode(), repeats=False)
        _good(answer, f"recurring run {name}")

    def delete_recurring_run(self, id_: str) -> None:
        """Deletes a recurring run; it may be gone already.

        Raises:
            SubmissionFailed: the API refuses.
        """
        answer = self.api.ask("DELETE", f"{BASE}/recurringruns/{id_}")
        if answer.status != 404:
            _good(answer, f"recurring run {id_}")

    def _version(self, pipeline: str, name: str) -> str | None:
        for each in self._pages(f"pipelines/{pipeline}/versions", "pipeline_versions", {}):
            # Servers before 2.6 know display names only.
            if name in (each.get("name"), each.get("display_name")):
                return self._id(each, "pipeline_version_id")
        return None

    def _all(self, kind: str, name: str, field: str | None = None) -> Iterator[Document]:
        asked = {"predicates": [{"operation": "EQUALS", "key": "display_name", "string_value": name}]}
        found = self._pages(kind, field or kind, {"filter": json.dumps(asked), **self._space()})
        return (each for each in found if each.get("display_name") == name)

    def _pages(self, path: str, field: str, query: Mapping[str, str]) -> Iterator[Document]:
        token = ""
        while True:
            more = {"page_size": "100", "sort_by": "created_at desc", **({"page_token": token} if token else {})}
            answer = self.api.ask("GET", f"{BASE}/{path}", query={**query, **more})
            document = _good(answer, path)
            yield from document.get(field) or []
            token = document.get("next_page_token") or ""
            if not token:
                return

    def _post(self, path: str, body: Document) -> Answer:
        return self.api.ask("POST", f"{BASE}{path}", json.dumps(body).encode())

    def _space(self) -> dict[str, str]:
        return {} if self.namespace is None else {"namespace": self.namespace}

    def _id(self, document: Document, field: str) -> str:
        found = document.get(field)
        if not isinstance(found, str):
            raise SubmissionFailed(f"{self.api.server} is no API of Kubeflow Pipelines: its answer has no `{field}`")
        return found


def _form(text: str, boundary: str) -> bytes:
    """A form with the spec as its one file."""
    head = (
        f"--{boundary}\r\n"
        'Content-Disposition: form-data; name="uploadfile"; filename="pipeline.yaml"\r\n'
        "Content-Type: application/yaml\r\n\r\n"
    )
    return f"{head}{text}\r\n--{boundary}--\r\n".encode()


def _good(answer: Answer, what: str) -> Document:
    if answer.is_good:
        return answer.document
    document = answer.document
    reason = document.get("error_message") or document.get("message") or document.get("error") or "no reason given"
    hint = "; `PIPEC_TOKEN` is what the API is asked with" if answer.status in (401, 403) else ""
    raise SubmissionFailed(f"{what}: refused with status {answer.status}: {reason}{hint}")

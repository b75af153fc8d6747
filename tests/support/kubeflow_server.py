"""A stand-in for the API server of Kubeflow Pipelines, v2beta1: real HTTP, answers of the shapes that its source gives.

Written after `backend/src/apiserver/server` and `backend/api/v2beta1/*.proto` of kubeflow/pipelines (7b70c7b): unknown
fields are refused as protojson refuses them, answers have snake case, leave out what is empty or false, and write 64-bit
integers as text; a recurring run cannot be changed; names of pipelines and of versions of one are taken once.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

BASE = "/apis/v2beta1"
FIELDS = {
    "pipelines": {"name", "display_name", "description", "namespace", "tags"},
    "experiments": {"display_name", "description", "namespace"},
    "runs": {
        "display_name",
        "description",
        "experiment_id",
        "pipeline_version_reference",
        "runtime_config",
        "service_account",
    },
    "recurringruns": {
        "display_name",
        "description",
        "experiment_id",
        "namespace",
        "pipeline_version_reference",
        "runtime_config",
        "service_account",
        "max_concurrency",
        "trigger",
        "mode",
        "no_catchup",
    },
}
IDS = {
    "pipelines": "pipeline_id",
    "experiments": "experiment_id",
    "runs": "run_id",
    "recurringruns": "recurring_run_id",
}
LISTED = {"recurringruns": "recurringRuns"}


@dataclass
class State:
    """What is stored, what was asked, and what shall go wrong.

    Attributes:
        states: what a run shows, one a look, the last one for ever.
        away: how many requests are left unanswered at first, with status 503.
        lost: how many answers to a POST are lost after it was carried out, again with status 503.
        page: most items of one answer.
        is_shared: several users, so that everything has a namespace.
    """

    token: str | None = None
    states: list[str] = field(default_factory=lambda: ["PENDING", "RUNNING", "SUCCEEDED"])
    away: int = 0
    lost: int = 0
    page: int = 100
    is_shared: bool = False
    objects: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {"pipelines": [], "versions": [], "experiments": [], "runs": [], "recurringruns": []}
    )
    asked: list[str] = field(default_factory=list[str])
    number: int = 0

    def id(self) -> str:
        """An id that no other object has."""
        self.number += 1
        return f"00000000-0000-4000-8000-{self.number:012d}"


def refusal(code: int, grpc: int, message: str) -> tuple[int, dict[str, Any]]:
    """An error as the gateway of the server words it."""
    details = [{"@type": "type.googleapis.com/google.rpc.Status", "code": grpc, "message": message}]
    return code, {"error": message, "code": grpc, "message": message, "details": details}


@contextmanager
def api_server(state: State) -> Generator[str]:
    """Serves `state`; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing: tests read what pipec prints."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            state.asked.append(f"{self.command} {parts.path.removeprefix(BASE)}")
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            code, document = _refused(state, self.headers) or _carried_out(
                state, self.command, parts.path, query, self.headers, body
            )
            if self.command == "POST" and state.lost and code == 200:
                state.lost -= 1
                code, document = 503, {}
            raw = json.dumps(document).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_DELETE = do_POST = _answer

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _refused(state: State, headers: Any) -> tuple[int, Any] | None:
    if state.away:
        state.away -= 1
        return 503, {}
    if state.token is not None and headers.get("Authorization") != f"Bearer {state.token}":
        return refusal(401, 16, "Request header error: there is no user identity header")
    return None


def _carried_out(
    state: State, method: str, path: str, query: Mapping[str, str], headers: Any, body: bytes
) -> tuple[int, Any]:
    place = path.removeprefix(f"{BASE}/")
    if place == "healthz":
        return 200, {"multi_user": state.is_shared}
    if method == "POST" and place == "pipelines/upload_version":
        return _uploaded(state, query, headers, body)
    if named := re.fullmatch(r"pipelines/names/([^/]+)", place):
        found = [each for each in state.objects["pipelines"] if each["name"] == named[1]]
        return (200, _shown(found[0])) if found else refusal(404, 5, f"Pipeline {named[1]} not found")
    if versions := re.fullmatch(r"pipelines/([^/]+)/versions", place):
        mine = [each for each in state.objects["versions"] if each["pipeline_id"] == versions[1]]
        return _page(state, mine, "pipeline_versions", query)
    kind, _, id_ = place.partition("/")
    if kind not in IDS:
        return 404, {}
    if method == "POST":
        return _created(state, kind, json.loads(body))
    if not id_:
        return _page(state, _chosen(state, kind, query), LISTED.get(kind, kind), query)
    found = [each for each in state.objects[kind] if each[IDS[kind]] == id_]
    if not found:
        return refusal(404, 5, f"{kind} {id_} not found")
    if method == "DELETE":
        state.objects[kind].remove(found[0])
        return 200, {}
    return 200, _looked_at(found[0]) if kind == "runs" else _shown(found[0])


def _created(state: State, kind: str, body: dict[str, Any]) -> tuple[int, Any]:
    if unknown := body.keys() - FIELDS[kind]:
        return refusal(400, 3, f'proto: (line 1:2): unknown field "{min(unknown)}"')
    if state.is_shared and kind in ("runs", "recurringruns") and not body.get("experiment_id"):
        return refusal(400, 3, "A run cannot have an empty namespace in multi-user mode")
    if kind in ("pipelines", "experiments"):
        word = "name" if kind == "pipelines" else "display_name"
        if any(each[word] == body[word] for each in state.objects[kind]):
            return refusal(409, 6, f"{kind} {body[word]} already exists")
    if kind in ("runs", "recurringruns"):
        reference = body["pipeline_version_reference"]
        if not any(
            each["pipeline_version_id"] == reference["pipeline_version_id"] for each in state.objects["versions"]
        ):
            return refusal(404, 5, "PipelineVersion not found")
    made = {IDS[kind]: state.id(), **body, "created_at": f"2026-11-26T00:00:{state.number:02d}Z"}
    if kind == "runs":
        made["states"] = list(state.states)
    state.objects[kind].insert(0, made)
    return 200, _shown(made)


def _uploaded(state: State, query: Mapping[str, str], headers: Any, body: bytes) -> tuple[int, Any]:
    boundary = headers["Content-Type"].partition("boundary=")[2].encode()
    head, _, rest = body.partition(b"\r\n\r\n")
    text = rest.rpartition(b"\r\n--" + boundary + b"--")[0]
    if b'name="uploadfile"' not in head or not text:
        return 400, {"error_message": "Failed to create a pipeline version", "error_details": "http: no such file"}
    if any(
        (each["pipeline_id"], each["name"]) == (query["pipelineid"], query["name"])
        for each in state.objects["versions"]
    ):
        return 409, {"error_message": "Failed to create a pipeline version", "error_details": "already exists"}
    made = {
        "pipeline_id": query["pipelineid"],
        "pipeline_version_id": state.id(),
        "name": query["name"],
        "display_name": query["display_name"],
        "created_at": f"2026-11-26T00:00:{state.number:02d}Z",
        "text": text.decode(),
    }
    state.objects["versions"].insert(0, made)
    return 200, _shown(made)


def _chosen(state: State, kind: str, query: Mapping[str, str]) -> list[dict[str, Any]]:
    found = state.objects[kind]
    for predicate in json.loads(query.get("filter", "{}")).get("predicates", []):
        assert predicate["operation"] in ("EQUALS", 1)
        value = predicate.get("string_value", predicate.get("stringValue"))
        found = [each for each in found if each[predicate["key"]] == value]
    return found


def _page(state: State, found: list[dict[str, Any]], name: str, query: Mapping[str, str]) -> tuple[int, Any]:
    start = int(query.get("page_token", "0"))
    size = min(state.page, int(query.get("page_size", state.page)))
    shown = [_shown(each) for each in found[start : start + size]]
    more = {"next_page_token": str(start + size)} if start + size < len(found) else {}
    return 200, {**({name: shown} if shown else {}), "total_size": len(found), **more}


def _looked_at(run: dict[str, Any]) -> dict[str, Any]:
    states: list[str] = run["states"]
    state = states.pop(0) if len(states) > 1 else states[0]
    error = {"error": {"code": 2, "message": "pod pay failed"}} if state == "FAILED" else {}
    return {**_shown(run), "state": state, **error}


def _shown(made: dict[str, Any]) -> dict[str, Any]:
    """As protojson writes it."""
    hidden = {"states", "text"}
    shown = {key: value for key, value in made.items() if key not in hidden and value not in ("", False, None, {}, [])}
    if "max_concurrency" in shown:
        shown["max_concurrency"] = str(shown["max_concurrency"])
    if (periodic := shown.get("trigger", {}).get("periodic_schedule")) is not None:
        text = {**periodic, "interval_second": str(periodic["interval_second"])}
        shown["trigger"] = {"periodic_schedule": text}
    if "mode" in shown:
        shown["status"] = f"{shown['mode']}D"
    return shown

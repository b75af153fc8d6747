"""A stand-in for a Kubernetes API server with Argo's resources: real HTTP, answers of the recorded shapes.

It knows what `pipec submit` relies on: server-side apply with managers and their conflicts, immutable ConfigMaps,
creation under a name that is taken, versions that only a change moves, and who may ask.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

GROUPS = {"/api/v1": {"configmaps"}, "/apis/argoproj.io/v1alpha1": {"workflowtemplates", "cronworkflows", "workflows"}}


@dataclass
class State:
    """The objects by path, what was asked, and what shall go wrong.

    Attributes:
        phases: the phases that a workflow shows, one a look, the last one for ever.
        away: how many requests the server leaves unanswered at first, with status 503.
        lost: how many answers to a POST are lost after it was carried out, again with status 503.
    """

    token: str | None = None
    has_argo: bool = True
    phases: list[str] = field(default_factory=lambda: ["", "Running", "Succeeded"])
    away: int = 0
    lost: int = 0
    objects: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    managers: dict[str, str] = field(default_factory=dict[str, str])
    asked: list[str] = field(default_factory=list[str])
    version: int = 100


def status(code: int, reason: str, message: str, name: str = "") -> tuple[int, dict[str, Any]]:
    """A refusal as the API server words it."""
    details = {"details": {"name": name, "group": "argoproj.io"}} if name else {}
    return code, {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        **details,
        "code": code,
    }


@contextmanager
def api_server(state: State) -> Generator[str]:
    """Serves `state`; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing: tests read what pipec prints."""

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            state.asked.append(f"{self.command} {parts.path}")
            code, document = _refused(state, self.headers, self.command) or _carried_out(
                state, self.command, parts.path, parse_qs(parts.query), self.headers, json.loads(body or "null")
            )
            if self.command == "POST" and state.lost:
                state.lost -= 1
                code, document = 503, {}
            raw = document.encode() if isinstance(document, str) else json.dumps(document).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_GET = do_PATCH = do_POST = _answer

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _refused(state: State, headers: Any, method: str) -> tuple[int, Any] | None:
    if state.away:
        state.away -= 1
        return 503, "upstream connect error"
    if state.token is not None and headers.get("Authorization") != f"Bearer {state.token}":
        return status(401, "Unauthorized", "Unauthorized")
    return None


def _carried_out(
    state: State, method: str, path: str, query: Mapping[str, list[str]], headers: Any, body: Any
) -> tuple[int, Any]:
    group, _, rest = path.partition("/namespaces/")
    namespace, plural, *names = rest.split("/")
    if plural not in GROUPS.get(group, set()) or (group != "/api/v1" and not state.has_argo):
        return 404, "404 page not found\n"
    if method == "POST":
        name = body["metadata"]["name"]
        key = f"{path}/{name}"
        if key in state.objects:
            return status(409, "AlreadyExists", f'{plural}.argoproj.io "{name}" already exists', name)
        return 201, _stored(state, key, body, namespace, {"phases": list(state.phases)})
    (name,) = names
    known = state.objects.get(path)
    if method == "GET":
        if known is None:
            return status(404, "NotFound", f'{plural}.argoproj.io "{name}" not found', name)
        return 200, _shown(known)
    assert headers["Content-Type"] == "application/apply-patch+yaml", "only server-side apply"
    assert body["metadata"]["name"] == name
    manager = query["fieldManager"][0]
    other = state.managers.get(path, manager)
    if other != manager and query.get("force") != ["true"]:
        message = f'Apply failed with 1 conflict: conflict with "{other}" using argoproj.io/v1alpha1: .spec.templates'
        return status(409, "Conflict", message, name)
    state.managers[path] = manager
    if known is None:
        return 201, _stored(state, path, body, namespace, {})
    if {key: known[key] for key in body if key != "metadata"} == {key: body[key] for key in body if key != "metadata"}:
        return 200, known
    return 200, _stored(state, path, body, namespace, {})


def _stored(state: State, key: str, body: Any, namespace: str, extra: Mapping[str, Any]) -> dict[str, Any]:
    state.version += 1
    given = {"namespace": namespace, "uid": f"uid-{state.version}", "resourceVersion": str(state.version)}
    state.objects[key] = {**body, **extra, "metadata": {**body["metadata"], **given}}
    return state.objects[key]


def _shown(known: dict[str, Any]) -> dict[str, Any]:
    if "phases" not in known:
        return known
    phases: list[str] = known["phases"]
    phase = phases.pop(0) if len(phases) > 1 else phases[0]
    shown = {key: value for key, value in known.items() if key != "phases"}
    return {**shown, "status": {"phase": phase, "message": "child 'main.pay' failed" if phase == "Failed" else ""}}

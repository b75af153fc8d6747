"""The Kubernetes API as `pipec submit` needs it: who asks, server-side apply, and what a refusal says."""

from __future__ import annotations

import base64
import importlib
import json
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipec.compiler.record import dataclass
from pipec.compiler.submission import SubmissionFailed
from pipec.compiler.web_api import WebApi

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipec.compiler.submission import Submission
    from pipec.compiler.web_api import Answer

    Document = Mapping[str, Any]

MANAGER = "pipec"
_PLURALS = {
    "ConfigMap": ("/api/v1", "configmaps"),
    "WorkflowTemplate": ("/apis/argoproj.io/v1alpha1", "workflowtemplates"),
    "CronWorkflow": ("/apis/argoproj.io/v1alpha1", "cronworkflows"),
    "Workflow": ("/apis/argoproj.io/v1alpha1", "workflows"),
}
_POD = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A namespace of a cluster."""

    api: WebApi
    namespace: str

    def read(self, kind: str, name: str) -> Document | None:
        """An object, None where there is none of that name.

        Raises:
            SubmissionFailed: the API refuses.
        """
        answer = self.api.ask("GET", self._path(kind, name))
        if answer.status == 404 and answer.document.get("details", {}).get("name") == name:
            return None
        return self._good(answer, kind, name)

    def apply(self, document: Document, *, takes_over: bool) -> str:
        """Brings an object to what `document` says, field by field, as its manager; gives what became of it.

        Raises:
            SubmissionFailed: the API refuses, for example what another manager has set.
        """
        kind, name = document["kind"], document["metadata"]["name"]
        before = self.read(kind, name)
        if before is not None and before.get("immutable"):
            # Its name says its content, unless somebody has made another one of that name.
            if before.get("data", {}) != document["data"]:
                raise SubmissionFailed(f"{kind} {name} is there with another content, and cannot be changed: delete it")
            return "unchanged"
        query = {"fieldManager": MANAGER, **({"force": "true"} if takes_over else {})}
        body = json.dumps(document).encode()
        path = self._path(kind, name)
        answer = self.api.ask("PATCH", path, body, content_type="application/apply-patch+yaml", query=query)
        after = self._good(answer, kind, name)
        if before is None:
            return "created"
        is_same = before["metadata"].get("resourceVersion") == after["metadata"].get("resourceVersion")
        return "unchanged" if is_same else "changed"

    def create(self, document: Document) -> bool:
        """Creates an object; False where one of its name is there. May be asked twice.

        Raises:
            SubmissionFailed: the API refuses.
        """
        kind, name = document["kind"], document["metadata"]["name"]
        body = json.dumps(document).encode()
        answer = self.api.ask("POST", self._path(kind), body, query={"fieldManager": MANAGER})
        if answer.status == 409 and answer.document.get("reason") == "AlreadyExists":
            return False
        self._good(answer, kind, name)
        return True

    def _path(self, kind: str, name: str = "") -> str:
        group, plural = _PLURALS[kind]
        return f"{group}/namespaces/{self.namespace}/{plural}" + (f"/{name}" if name else "")

    def _good(self, answer: Answer, kind: str, name: str) -> Document:
        if answer.is_good:
            return answer.document
        what = f"{kind} {name} in namespace {self.namespace}"
        said = str(answer.document.get("message") or f"status {answer.status}")
        if answer.status == 404 and kind != "ConfigMap" and "namespaces" not in said:
            raise SubmissionFailed(f"{what}: {said}; is Argo Workflows installed in this cluster?")
        if answer.status == 409 and answer.document.get("reason") == "Conflict":
            said += "; apply the file with what applied it before, or take it over with --force"
        raise SubmissionFailed(f"{what}: {said}")


def open_cluster(submission: Submission, namespace: str | None) -> Cluster:
    """The cluster that is meant: `--server` with a token, else what kubectl would take, else that of this pod.

    Args:
        submission: what was asked for.
        namespace: the namespace that the file or the user names.

    Raises:
        SubmissionFailed: there is no configuration, or it cannot be read.
    """
    if submission.server is not None:
        headers = {} if submission.token is None else {"Authorization": f"Bearer {submission.token}"}
        return Cluster(WebApi(submission.server.rstrip("/"), headers), namespace or "default")
    try:
        # By name: nothing of an engine's may be imported where files are made.
        client, config = importlib.import_module("kubernetes.client"), importlib.import_module("kubernetes.config")
    except ImportError as missing:
        help_ = "install `pipec[argo]`, or give --server, for example that of `kubectl proxy`"
        raise SubmissionFailed(
            f"the configuration of kubectl cannot be read without `kubernetes`: {help_}"
        ) from missing
    configuration = client.Configuration()
    try:
        own = _configure(config, configuration)
    except (config.ConfigException, OSError, ValueError) as problem:
        raise SubmissionFailed(f"no cluster is configured: {problem}; give --server, or a KUBECONFIG") from problem
    return Cluster(_api(configuration), namespace or own or "default")


def _configure(config: Any, configuration: Any) -> str | None:
    """Fills in the configuration; gives the namespace that it names."""
    if _POD.exists():
        config.load_incluster_config(client_configuration=configuration)
        return _POD.read_text(encoding="utf-8").strip()
    config.load_kube_config(client_configuration=configuration)
    _, active = config.list_kube_config_contexts()
    namespace: str | None = active["context"].get("namespace")
    return namespace


def _api(configuration: Any) -> WebApi:
    context: ssl.SSLContext | None = None
    if configuration.host.startswith("https"):
        context = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
        if not configuration.verify_ssl:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if configuration.cert_file:
            context.load_cert_chain(configuration.cert_file, configuration.key_file)
    headers = {one["key"].title(): one["value"] for one in configuration.auth_settings().values()}
    if configuration.username:
        pair = f"{configuration.username}:{configuration.password}".encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    return WebApi(configuration.host.rstrip("/"), headers, context)

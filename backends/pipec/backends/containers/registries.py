"""Registries, asked directly: which digest does a tag have? With the credentials of Docker's own configuration.

The protocol is that of the Open Container Initiative (`/v2/NAME/manifests/REFERENCE`), without an engine: Podman's socket has
no way to ask, and `pipec build --plan` has no engine. Where a registry cannot be reached from here, the engine is asked.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any

from pipec.compiler.record import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TIMEOUT = 20
"""Seconds for one answer."""

_HUB = "docker.io"
_HUB_API = "registry-1.docker.io"
_HUB_KEY = "https://index.docker.io/v1/"
_LOCAL = re.compile(r"(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?")
_KINDS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_FIELD = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Reference:
    """A name of an image in its parts.

    Attributes:
        registry: `registry.example:5000`, or `docker.io`.
        name: `team/churn`, `library/python`.
        tag: or a digest, `sha256:…`.
    """

    registry: str
    name: str
    tag: str


class RegistryFault(Exception):
    """A registry does not answer, or not to us; `is_refused` tells the second from the first."""

    def __init__(self, registry: str, reason: str, *, is_refused: bool = False) -> None:
        super().__init__(f"{registry}: {reason}")
        self.registry, self.reason, self.is_refused = registry, reason, is_refused


def parse(reference: str) -> Reference:
    """The parts of a name of an image, as Docker reads them.

    >>> parse("python:3.12"), parse("localhost:5000/a/b@sha256:ff").tag
    (Reference(registry='docker.io', name='library/python', tag='3.12'), 'sha256:ff')
    """
    rest, _, digest = reference.partition("@")
    head, slash, below = rest.partition("/")
    has_registry = bool(slash) and ("." in head or ":" in head or head == "localhost")
    registry, name = (head, below) if has_registry else (_HUB, rest)
    name, _, tag = name.partition(":")
    if registry == _HUB and "/" not in name:
        name = f"library/{name}"
    return Reference(registry, name, digest or tag or "latest")


def has_registry(repository: str) -> bool:
    """Whether a repository can be pushed to: one without a slash is known to the engine that builds it alone."""
    return "/" in repository


class Registries:
    """Asks registries.

    Args:
        insecure: those that are spoken to without TLS, besides those of this machine.
        engine: asks the engine for the digest of a reference; None where there is no engine.
        timeout: seconds that one answer may take.
    """

    def __init__(
        self,
        insecure: frozenset[str] = frozenset(),
        engine: Callable[[str], str | None] | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        self._insecure, self._engine, self._timeout = insecure, engine, timeout
        self._tokens: dict[tuple[str, str], str] = {}

    def digest(self, reference: str) -> str | None:
        """The digest of an image in its registry; None where the registry has none of that name.

        Raises:
            RegistryFault: the registry does not answer, or refuses.
        """
        parts = parse(reference)
        try:
            return self._ask(parts)
        except (OSError, http.client.HTTPException) as problem:
            reason = str(getattr(problem, "reason", None) or problem) or type(problem).__name__
            if self._engine is not None:
                found = self._by_engine(reference)
                if found is not None:
                    return found
            raise RegistryFault(parts.registry, reason) from None

    def _by_engine(self, reference: str) -> str | None:
        assert self._engine is not None
        try:
            return self._engine(reference)
        except Exception:  # whatever the engine says, the first reason is the better one
            return None

    def _ask(self, parts: Reference) -> str | None:
        scheme = "http" if _LOCAL.fullmatch(parts.registry) or parts.registry in self._insecure else "https"
        host = _HUB_API if parts.registry == _HUB else parts.registry
        url = f"{scheme}://{host}/v2/{parts.name}/manifests/{urllib.parse.quote(parts.tag, safe=':')}"
        headers = {"Accept": ", ".join(_KINDS)}
        known = self._tokens.get((parts.registry, parts.name))
        status, answer, _ = self._fetch("HEAD", url, {**headers, **({"Authorization": known} if known else {})})
        if status == 401:
            word = self._authorization(parts, answer.get("www-authenticate", ""))
            if word is not None:
                self._tokens[parts.registry, parts.name] = word
                status, answer, _ = self._fetch("HEAD", url, {**headers, "Authorization": word})
        if status == 404:
            return None
        if status in {401, 403}:
            raise RegistryFault(parts.registry, "it wants other credentials, or none of that name", is_refused=True)
        if status != 200:
            raise RegistryFault(parts.registry, f"it answers {status}")
        return answer.get("docker-content-digest")

    def _authorization(self, parts: Reference, challenge: str) -> str | None:
        """What to say to a registry that asks who we are."""
        scheme, _, rest = challenge.partition(" ")
        fields = dict(_FIELD.findall(rest))
        basic = credentials(parts.registry)
        if scheme.lower() == "basic":
            return basic
        if scheme.lower() != "bearer" or "realm" not in fields:
            return None
        query = {"scope": f"repository:{parts.name}:pull"} | (
            {"service": fields["service"]} if "service" in fields else {}
        )
        url = f"{fields['realm']}?{urllib.parse.urlencode(query)}"
        status, _, body = self._fetch("GET", url, {"Authorization": basic} if basic else {})
        if status != 200:
            return None
        told: dict[str, Any] = json.loads(body)
        token = told.get("token") or told.get("access_token")
        return f"Bearer {token}" if token else None

    def _fetch(self, method: str, url: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        request = urllib.request.Request(url, headers=dict(headers), method=method)
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as answer:
                return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, {name.lower(): value for name, value in refused.headers.items()}, b""


def credentials(registry: str) -> str | None:
    """The `Authorization` of Docker's own configuration for a registry: its file, or the credential helper that it names."""
    try:
        from docker import auth
    except ImportError:
        return None
    try:
        found = auth.resolve_authconfig(auth.load_config(), _HUB_KEY if registry == _HUB else registry)
    except Exception:  # a helper that is not installed, say: then we are nobody
        return None
    if not found or not found.get("username"):
        return None
    word = base64.b64encode(f"{found['username']}:{found.get('password') or ''}".encode()).decode()
    return f"Basic {word}"

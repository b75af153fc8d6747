"""Requests to an API that speaks JSON over HTTP, with the standard library alone."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipec.compiler.record import dataclass, field
from pipec.compiler.submission import SubmissionFailed

if TYPE_CHECKING:
    import ssl

_AGAIN = (429, 502, 503, 504)
"""Answers of a server, or of what stands before it, that is there again in a moment."""

_PAUSES = (0.2, 1.0, 3.0)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and the document that came with it; an empty one where it was not JSON."""

    status: int
    document: Mapping[str, Any]

    @property
    def is_good(self) -> bool:
        """Whether the request was carried out."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class WebApi:
    """One server.

    Attributes:
        server: its address, without a slash at the end.
        headers: what every request carries, such as who asks.
        context: how the server is trusted and who we are to it; None for what the system trusts.
        timeout: seconds that one request may take.
    """

    server: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    context: ssl.SSLContext | None = None
    timeout: float = 30

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        content_type: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends one request, and again where the server is away for a moment: so only ask what may happen twice.

        Raises:
            SubmissionFailed: it cannot be reached.
        """
        address = f"{self.server}{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        headers = {"Accept": "application/json", **self.headers}
        if body is not None:
            headers["Content-Type"] = content_type
        answer = Answer(0, {})
        problem: Exception | None = None
        for pause in (*_PAUSES, None):
            try:
                answer, problem = self._once(method, address, body, headers), None
                if answer.status not in _AGAIN:
                    return answer
            except ValueError as wrong:
                raise SubmissionFailed(f"`{self.server}` is no address: {wrong}") from wrong
            except (OSError, urllib.error.URLError) as away:
                problem = away
            if pause is not None:
                time.sleep(pause)
        if problem is not None:
            reason = getattr(problem, "reason", None) or problem
            raise SubmissionFailed(f"{self.server} cannot be reached: {reason}") from problem
        return answer

    def _once(self, method: str, address: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        request = urllib.request.Request(address, data=body, headers=dict(headers), method=method)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout, context=self.context) as response:
                return Answer(response.status, _document(response.read()))
        except urllib.error.HTTPError as refused:
            with refused:
                return Answer(refused.code, _document(refused.read()))


def _document(raw: bytes) -> Mapping[str, Any]:
    try:
        document = json.loads(raw)
    except ValueError:
        return {"message": raw.decode("utf-8", "replace").strip()[:500]} if raw.strip() else {}
    return document if isinstance(document, dict) else {"items": document}

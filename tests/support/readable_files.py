"""Generated files as a person reads them: without pipec's own runtime and packed code, which change for reasons of their own."""

from __future__ import annotations

import re

from pipec.compiler.yaml_text import documents

_BLOB = re.compile(r'(?<=""")\n(?:[ ]+(?=[^ ])[A-Za-z0-9+/= ]+\n)+(?=[ ]+""")')
_TAG = re.compile(r"\b([a-z0-9-]+):[0-9a-f]{16}\b")
_OWN = r"(pipec\..*|zenml\.__init__\.py|__main__\.py)"


def readable(target: str, text: str) -> str:
    """The text of a target's file, without the tags of images, which name the runtime in them."""
    return _TAG.sub(r"\1:TAG", {"argo": argo, "kubeflow": kubeflow}.get(target, str)(text))


def argo(text: str) -> str:
    """A manifest without the runtime in its ConfigMap, and without the digest of it."""
    parts = text.split("\n---\n")
    parts[0] = re.sub(rf"(?m)^ +- {{key: {_OWN}, path: .*}}\n", "", parts[0])
    parts[-1] = re.sub(rf"(?m)^  {_OWN}: (\|[+-]?|.+)\n((    .*)?\n)*(?=  \S|\Z)", "", parts[-1])
    return re.sub(r"-code-[0-9a-f]{12}", "-code-DIGEST", documents([part + "\n" for part in parts])).rstrip("\n") + "\n"


def kubeflow(text: str) -> str:
    """A spec without its code."""
    return _BLOB.sub("\n(packed)\n", text)

"""`sha256`, as in `hashlib`, without loading OpenSSL: 3 % of the CPU of a compilation.

It is the interpreter's own implementation, as `random` of the standard library takes it; `hashlib`'s where a build lacks it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hashlib import sha256

__all__ = ["sha256"]


def _own() -> Any:
    for name in ("_sha2", "_sha256"):  # from Python 3.12 on, and before
        try:
            return __import__(name).sha256
        except ImportError:
            continue
    import hashlib

    return hashlib.sha256


if not TYPE_CHECKING:
    sha256 = _own()

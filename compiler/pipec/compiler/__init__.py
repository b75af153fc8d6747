"""The compiler's public API.

    from pipec.compiler import compile
    compilation = compile("pipelines/training.py", "airflow")
    compilation.files, compilation.diagnostics

Names load when they are used, so that `import pipec.compiler` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipec.compiler.version import __version__

if TYPE_CHECKING:
    from pipec.compiler.driver import Compilation as Compilation
    from pipec.compiler.driver import compile as compile

__all__ = ["Compilation", "__version__", "compile"]


def __getattr__(name: str) -> Any:
    if name in {"Compilation", "compile"}:
        from pipec.compiler import driver

        return getattr(driver, name)
    raise AttributeError(f"pipec.compiler has no `{name}`")

"""What Python would refuse to import, and what it would not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from programs import lower

if TYPE_CHECKING:
    from pathlib import Path

MAIN = "from zenml import pipeline, step\nfrom a import A\n\n\n@step\ndef s(x: object) -> None:\n    print(A)\n\n\n@pipeline\ndef p():\n    s(A)\n"

ROWS = {
    "no circle": ({"a": "from b import B\nA = B\n", "b": "B = 1\n"}, []),
    "too early": ({"a": "from b import B\nA = B\n", "b": "from a import A\nB = 1\n"}, ["PC0203 b.py:1"]),
    "bound in time": ({"a": "A = 1\nfrom b import B\nA = B\n", "b": "from a import A\nB = A\n"}, []),
    "module only": ({"a": "import b\nA = b.B\n", "b": "import a\nB = 1\n"}, []),
    "in a function": ({"a": "from b import B\nA = B\n", "b": "B = 1\ndef f():\n    from a import A\n"}, []),
    "under TYPE_CHECKING": (
        {
            "a": "from b import B\nA = B\n",
            "b": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import A\nB = 1\n",
        },
        [],
    ),
    "caught": (
        {"a": "from b import B\nA = B\n", "b": "try:\n    from a import A\nexcept ImportError:\n    A = 0\nB = 1\n"},
        [],
    ),
    "missing name": ({"a": "from b import B, C\nA = B\n", "b": "B = 1\n"}, ["PC0202 a.py:1"]),
    "dynamic module": ({"a": "from b import B, C\nA = B\n", "b": "B = 1\ndef __getattr__(name):\n    return 1\n"}, []),
    "star from elsewhere": ({"a": "from b import B, C\nA = B\n", "b": "from os.path import *\nB = 1\n"}, []),
    "bound in a loop": ({"a": "from b import B, C\nA = B\n", "b": "B = 1\nfor C in range(3):\n    pass\n"}, []),
    "star in a circle": ({"a": "from b import *\nA = 1\n", "b": "from a import *\nB = 1\n"}, []),
    "star too early": (
        {"a": "from b import B\nA = B\n", "b": "from a import *\nfrom a import A\nB = 1\n"},
        ["PC0203 b.py:2"],
    ),
}


@pytest.mark.parametrize("row", ROWS)
def test_imports(row: str, tmp_path: Path) -> None:
    modules, expected = ROWS[row]
    found = [one for one in lower(tmp_path, MAIN, **modules).diagnostics if one.is_error]
    assert [f"{one.code} {one.span.path}:{one.span.start.line}" for one in found if one.span] == expected

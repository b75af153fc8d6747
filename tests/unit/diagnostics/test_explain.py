"""Every diagnostic has a page, every page a diagnostic, and what a page shows can be read."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml

import pipec.compiler.diagnostics.codes as registry
from pipec.compiler.diagnostics.codes import CODES

PAGES = Path(registry.__file__).parent / "explain"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_each_code_has_a_page_and_each_page_a_code() -> None:
    assert sorted(path.name for path in PAGES.iterdir()) == sorted(f"{code}.md" for code in CODES)


@pytest.mark.parametrize("code", sorted(CODES))
def test_page(code: str) -> None:
    text = (PAGES / f"{code}.md").read_text(encoding="utf-8")
    assert text.splitlines()[0] == f"# {code}: {CODES[code].slug}"
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Wrong", "Right"]
    blocks = BLOCK.findall(text)
    assert len(blocks) == 2
    assert blocks[0] != blocks[1]
    for (language, body), heading in zip(blocks, ("wrong", "right"), strict=True):
        assert language in {"python", "shell", "toml", "yaml", "text"}
        if language == "python" and (code, heading) != ("PC0101", "wrong"):
            ast.parse(body)
        if language == "toml":
            tomllib.loads(body)
        if language == "yaml":
            yaml.safe_load(body)


def test_the_page_of_a_syntax_error_shows_one() -> None:
    (_, wrong), _ = BLOCK.findall((PAGES / "PC0101.md").read_text(encoding="utf-8"))
    with pytest.raises(SyntaxError):
        ast.parse(wrong)


def test_codes_of_one_phase_stand_together() -> None:
    phases = [code[2:4] for code in CODES]
    assert phases == sorted(phases)
    assert len({entry.slug for entry in CODES.values()}) == len(CODES)

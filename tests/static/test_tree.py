"""House rules that only the whole tree can break."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE_ROOTS = ("compiler", "backends", "templates", "runtime")
PACKAGES = (
    "compiler/pipec/compiler",
    "backends/pipec/backends",
    "templates/pipec/templates",
    "runtime/pipec/runtime",
    "runtime/pipec/sdk",
)
LONGEST_MODULE = 400
# Debt, to be split and struck from here; nothing may be added.
TOO_LONG: set[str] = set()
BANNED_NAMES = {"common", "helper", "helpers", "manager", "misc", "util", "utils"}
# In pieces, so that this file does not name what it forbids.
REGISTRY_HOSTS = re.compile(
    "|".join(
        re.escape(".".join(parts))
        for parts in [
            ("pypi", "org"),
            ("pythonhosted", "org"),
            ("npmjs", "org"),
            ("npmjs", "com"),
            ("proxy", "golang", "org"),
            ("sum", "golang", "org"),
            ("crates", "io"),
            ("repo1", "maven", "org"),
            ("repo", "maven", "apache", "org"),
            ("deb", "debian", "org"),
        ]
    )
)
OWN_PLACES = re.compile("|".join(f"(?<![A-Za-z0-9_.-])/{place}/" for place in ("work", "root", "home/[a-z]+")))


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that a commit would hold. Outside a git clone, as in an unpacked sdist, there is nothing to judge."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip("not a git clone")
    paths = tuple(path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file())
    assert ROOT / "pyproject.toml" in paths
    return paths


@cache
def texts() -> dict[str, str]:
    """The tracked text files by their path from the root."""
    found: dict[str, str] = {}
    for path in tracked():
        try:
            found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def lines_with(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts().items()
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_the_namespace_has_no_init() -> None:
    assert [root for root in SOURCE_ROOTS if (ROOT / root / "pipec/__init__.py").exists()] == []
    assert [root for root in SOURCE_ROOTS if not (ROOT / root / "pipec").is_dir()] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_is_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def sources() -> list[str]:
    found = [name for name in texts() if name.endswith(".py") and name.split("/")[0] in SOURCE_ROOTS]
    assert found, "nothing was scanned"
    return found


def test_no_module_is_too_long() -> None:
    lengths = {name: texts()[name].count("\n") for name in sources()}
    too_long = {name for name, length in lengths.items() if length > LONGEST_MODULE}
    assert too_long <= TOO_LONG


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = [name for name in sources() if BANNED_NAMES & set(Path(name).with_suffix("").parts)]
    assert named == []


def test_no_file_names_a_package_registry() -> None:
    assert REGISTRY_HOSTS.search("https://" + ".".join(["files", "pythonhosted", "org"]) + "/x")
    assert lines_with(REGISTRY_HOSTS) == []


def test_no_file_names_a_place_of_this_machine() -> None:
    assert OWN_PLACES.search(f"cd {'/'.join(['', 'work', 'main'])}")
    assert not OWN_PLACES.search("https://example.org/" + "work/")
    assert lines_with(OWN_PLACES) == []


def test_locks_pin_and_hash_everything() -> None:
    locks = [name for name in texts() if name.startswith("requirements/") and name.endswith(".lock")]
    assert len(locks) >= 4
    for name in locks:
        assert "://" not in texts()[name], name
        entries = re.split(r"\n(?=[A-Za-z0-9])", texts()[name])
        pinned = [entry for entry in entries if not entry.startswith("#")]
        assert pinned, name
        assert [entry.splitlines()[0] for entry in pinned if "==" not in entry or "--hash=sha256:" not in entry] == []


def test_the_roots_are_no_packages_for_an_isolated_interpreter() -> None:
    # Where pipec is installed as editable, a wrong entry in its .pth file would make them importable.
    script = "import importlib.util as u, sys; print([n for n in sys.argv[1:] if u.find_spec(n)])"
    names = [*SOURCE_ROOTS, "tests"]
    done = subprocess.run([sys.executable, "-I", "-c", script, *names], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

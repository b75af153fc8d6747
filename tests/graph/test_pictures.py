"""`pipec graph` as text and as SVG: expected files, and the languages' own readers."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings

from pipec.compiler.graph.layout import Drawing, Placed, place
from pipec.compiler.graph.picture import nodes, picture
from pipec.compiler.graph.svg import to_svg
from pipec.compiler.ir.model import Pipeline
from pipec.compiler.ir.walk import calls
from pipec.compiler.passes import run_passes
from strategies import pipelines

ROOT = Path(__file__).parents[2]
PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
GOLDEN = Path(__file__).parent / "golden"
ENDINGS = {"mermaid": "mmd", "dot": "dot", "svg": "svg"}

Run = Callable[..., subprocess.CompletedProcess[str]]
Golden = Callable[[Path, str], None]


@pytest.mark.parametrize("style", ENDINGS)
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_a_picture_is_as_expected(program: Path, style: str, pipec: Run, golden: Golden) -> None:
    done = pipec("graph", program, "--format", style)
    assert (done.returncode, done.stderr) == (0, "")
    golden(GOLDEN / f"{program.stem}.{ENDINGS[style]}", done.stdout)


def test_a_real_pipeline(pipec: Run, golden: Golden) -> None:
    done = pipec("graph", ROOT / "examples/churn/churn/training.py")
    golden(GOLDEN / "churn.mmd", done.stdout)


def test_o_writes_what_is_printed_otherwise(pipec: Run, tmp_path: Path) -> None:
    program = ROOT / "examples/hello/hello.py"
    printed = pipec("graph", program, "--format", "svg")
    written = pipec("graph", program, "--format", "svg", "-o", "pictures/hello.svg", cwd=tmp_path)
    assert written.stdout == "pictures/hello.svg: written\n"
    assert (tmp_path / "pictures/hello.svg").read_text() == printed.stdout


def test_the_name_of_the_file_says_what_is_drawn(pipec: Run, tmp_path: Path) -> None:
    program = ROOT / "examples/churn/churn/training.py"
    first = {"p.svg": "<svg", "p.html": "<!doctype html>", "p.gv": "digraph", "p.txt": "---"}
    for name, start in first.items():
        assert pipec("graph", program, "-o", tmp_path / name).returncode == 0
        assert (tmp_path / name).read_text().lower().lstrip().startswith(start), name


def test_the_json_form_is_drawn_as_its_source(pipec: Run, tmp_path: Path) -> None:
    program = ROOT / "examples/churn/churn/training.py"
    pipec("compile", program, "--target", "ir", "-o", tmp_path)
    for style in ("mermaid", "dot", "svg"):
        assert (
            pipec("graph", tmp_path / "churn.ir.json", "--format", style).stdout
            == pipec("graph", program, "--format", style).stdout
        )


def test_a_file_with_several_pipelines_asks_which(pipec: Run, tmp_path: Path) -> None:
    text = "from pipec.sdk import pipeline, step\n@step\ndef s() -> int:\n    return 1\n"
    text += "@pipeline\ndef p():\n    s()\n@pipeline\ndef q():\n    s()\n"
    (tmp_path / "two.py").write_text(text)
    (tmp_path / "pyproject.toml").touch()
    done = pipec("graph", "two.py", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        "error[PC0702]: `two.py` has several pipelines: `p`, `q`\n"
        "  = help: say which: `pipec graph two.py:p`\n  = more: pipec explain PC0702\n\n1 error\n"
    )
    assert 's["s"]' in pipec("graph", "two.py:q", cwd=tmp_path).stdout


def test_a_program_with_errors_is_not_drawn(pipec: Run, tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text("from pipec.sdk import pipeline\n@pipeline\ndef p():\n    missing()\n")
    done = pipec("graph", tmp_path / "wrong.py", "-o", tmp_path / "wrong.mmd")
    assert done.returncode == 1
    assert "error[PC0201]" in done.stderr
    assert not (tmp_path / "wrong.mmd").exists()


def test_without_the_library_text_still_works_and_svg_says_what_to_install(tmp_path: Path) -> None:
    program = ROOT / "examples/hello/hello.py"
    code = f"import sys; sys.modules['fast_sugiyama'] = None; from pipec.compiler.cli import main; sys.exit(main(['graph', {str(program)!r}, *sys.argv[1:]]))"
    roots = [str(ROOT / one) for one in ("compiler", "backends", "templates", "runtime")]
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {roots!r}; {code}"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    # One step needs no layers: the library is only asked for where there are edges.
    churn = [*command[:-1], command[-1].replace(str(program), str(ROOT / "examples/churn/churn/training.py"))]
    done = subprocess.run([*churn, "--format", "svg"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "error[PC0555]: `--format svg` needs a library for layouts, which is not installed\n"
        "  = help: pip install 'pipec[graph]'; mermaid and dot need nothing\n"
        "  = more: pipec explain PC0555\n\n1 error\n"
    )


def boxes(drawing: Drawing) -> list[Placed]:
    return [inner for each in drawing.nodes for inner in (each, *(boxes(each.inside) if each.inside else ()))]


def apart(one: Placed, other: Placed) -> bool:
    return (
        one.x + one.width <= other.x + 0.01
        or other.x + other.width <= one.x + 0.01
        or one.y + one.height <= other.y + 0.01
        or other.y + other.height <= one.y + 0.01
    )


def assert_well_placed(drawing: Drawing, width: float, height: float) -> None:
    """Nothing lies on anything else or outside what holds it, and every edge starts and ends at the borders of its nodes."""
    for index, each in enumerate(drawing.nodes):
        assert -0.01 <= each.x <= each.x + each.width <= width + 0.01
        assert -0.01 <= each.y <= each.y + each.height <= height + 0.01
        assert all(apart(each, other) for other in drawing.nodes[:index])
        if each.inside is not None:
            assert_well_placed(each.inside, each.width, each.height)
    by_id = {each.node.id: each for each in drawing.nodes}
    for edge, way in drawing.ways:
        source, target = by_id[edge.source], by_id[edge.target]
        if drawing.sideways:
            assert way[0] == pytest.approx((source.x + source.width, source.y + source.height / 2))
            assert way[-1] == pytest.approx((target.x, target.y + target.height / 2))
            assert all(after[0] >= before[0] - 0.01 for before, after in pairwise(way))
        else:
            assert way[0] == pytest.approx((source.x + source.width / 2, source.y + source.height))
            assert way[-1] == pytest.approx((target.x + target.width / 2, target.y))
            assert all(after[1] >= before[1] - 0.01 for before, after in pairwise(way))


@settings(max_examples=60)
@given(pipelines())
def test_every_step_is_placed_once_and_nothing_overlaps(drawn: Pipeline) -> None:
    passed, faults = run_passes(drawn)
    if any(one.is_error for one in faults):
        return
    view = picture(passed)
    drawing = place(view)
    assert_well_placed(drawing, drawing.width, drawing.height)
    steps = [one.node.id for one in boxes(drawing) if one.node.kind == "step"]
    assert sorted(steps) == sorted(one.id for one in calls(passed.body))
    expected = sum(len(one.inside.edges) for one in nodes(view.top) if one.inside) + len(view.top.edges)
    text = to_svg(view, drawing)
    root = ET.fromstring(text)
    namespace = "{http://www.w3.org/2000/svg}"
    assert (
        len(root.findall(f".//{namespace}path[@class='edge']"))
        + len(root.findall(f".//{namespace}path[@class='edge order']"))
        == expected
    )
    assert to_svg(view, place(view)) == text


def test_the_layout_is_the_same_in_every_process(pipec: Run) -> None:
    """The library numbers its own vertices by hash; what is drawn must not show it."""
    program = PROGRAMS[0]
    texts = {pipec("graph", program, "--format", "svg", env={"PYTHONHASHSEED": str(seed)}).stdout for seed in range(3)}
    assert len(texts) == 1


def test_the_picture_names_only_what_is_in_the_pipeline() -> None:
    assert not re.search(r"https?://(?!www\.w3\.org)", (GOLDEN / "everything.svg").read_text())

"""The page of `pipec graph --format html` in a real browser, offline: clicks, keys, search, zoom, light and dark."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from engines import Browser
from large_program import large_program
from pipec.compiler.driver import compile as compile_file
from pipec.compiler.graph.blocks import blocks
from pipec.compiler.ir.walk import calls

ROOT = Path(__file__).parents[2]
EVERYTHING = Path(__file__).parent / "programs/everything.py"
CONFORMANCE = ROOT / "tests/conformance/programs"

Run = Callable[..., subprocess.CompletedProcess[str]]

TRANSFORM = "document.getElementById('view').getAttribute('transform')"
PANEL = "document.getElementById('panel')"
COLUMNS = f"[...{PANEL}.querySelectorAll('.column')].map(it => [it.getAttribute('aria-label'), it.innerText])"
FOCUS = "document.activeElement.dataset.id || document.activeElement.id"


@pytest.fixture(scope="module")
def project(pipec: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program with everything in it, run once, and its page."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "pyproject.toml").touch()
    shutil.copy(EVERYTHING, folder / "demo.py")
    ran = pipec("run", "demo.py", "-q", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    done = pipec("graph", "demo.py", "--format", "html", "--run", "latest", "-o", "demo.html", cwd=folder)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return folder


def data_of(page: Path) -> dict[str, Any]:
    text = page.read_text()
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def visit(browser: Browser, page: Path, *steps: list[Any], **options: Any) -> list[Any]:
    """The answers; the page said nothing and asked for nothing."""
    *answers, quiet = browser.run(page, [["until", "document.documentElement.dataset.ready"], *steps], **options)
    assert quiet == {"console": [], "requests": []}
    return answers


def test_a_click_shows_everything_of_a_step(browser: Browser, project: Path) -> None:
    (columns, near) = visit(
        browser,
        project / "demo.html",
        ["click", "[data-id=train] > rect"],
        ["eval", COLUMNS],
        ["eval", "document.querySelectorAll('.edge.near').length"],
    )
    texts = dict(columns)
    assert list(texts) == ["train", "Source", "Airflow", "Kubeflow", "Argo"]
    facts = texts["train"]
    for wanted in (
        "demo:train · defined in demo.py:20 · called in demo.py:55",
        "train@0\tsucceeded",
        "train@1\tsucceeded",
        "rows\tlist[int]\tprepare.clean prepare",
        "rate\tfloat\trate for_rate",
        "output\tfloat\tparameter",
        "none: the code travels in the generated files",
    ):
        assert wanted in facts
    assert "@step\ndef train(rows: list[int], rate: float) -> float:\n    return rate" in texts["Source"]
    assert 'train = step(\n    "train",' in texts["Airflow"]
    assert "taskInfo: {name: train}" in texts["Kubeflow"]
    assert "- name: train\n  template: train" in texts["Argo"]
    assert near == 0  # it stands alone in its loop


def test_steps_are_coloured_by_the_state_of_the_run(browser: Browser, project: Path) -> None:
    stroke = "id => getComputedStyle(document.querySelector(`[data-id=${id}] > rect`)).stroke"
    (legend, taken, skipped, waits, words) = visit(
        browser,
        project / "demo.html",
        ["eval", "document.getElementById('states').innerText"],
        ["eval", f"({stroke})('warn')"],
        ["eval", f"({stroke})('deploy')"],
        ["eval", f"({stroke})('prepare')"],
        ["eval", "document.querySelector('[data-id=deploy] > .badge').textContent"],
    )
    assert legend.split() == ["succeeded", "6", "skipped", "1"]
    assert taken == "rgb(26, 127, 55)"
    assert skipped == "rgb(110, 119, 129)"
    assert waits not in (taken, skipped)
    assert words == "skipped"


def test_the_keyboard_does_what_the_mouse_does(browser: Browser, project: Path) -> None:
    answers = visit(
        browser,
        project / "demo.html",
        ["press", "/"],
        ["eval", FOCUS],
        ["type", "best score"],  # of a docstring
        ["eval", "document.getElementById('hits').textContent"],
        ["press", "Enter"],
        ["eval", f"{PANEL}.getAttribute('aria-label')"],
        ["press", "Escape"],
        ["eval", FOCUS],
        ["eval", "document.querySelectorAll('.hit').length"],
        ["press", "Escape"],
        ["eval", f"{PANEL}.hidden"],
        ["press", "ArrowRight"],
        ["eval", FOCUS],
        ["press", "ArrowRight"],
        ["eval", FOCUS],
        ["press", "Enter"],
        ["eval", f"{PANEL}.innerText.includes('Arms')"],
        ["press", "ArrowLeft"],
        ["eval", FOCUS],
        ["press", "?"],
        ["eval", "document.getElementById('help').open"],
        ["press", "Escape"],
        ["eval", "document.getElementById('help').open"],
        ["press", "i"],
        ["eval", f"{PANEL}.innerText"],
        ["eval", "document.querySelectorAll('#picture [tabindex=\"0\"]').length"],
    )
    assert answers[:3] == ["search", "1 of 7", "Details of pick"]
    assert answers[3:6] == ["pick", 0, True]
    assert answers[6] == "if_best"
    assert answers[7].startswith("if_best:")
    assert answers[8] is True
    assert answers[9] in {"if_best", "pick"}
    assert answers[10:12] == [True, False]
    for wanted in ('path\tstr\t"data.csv"', "rates\tlist[float]\t[0.1, 0.2]", "Trains for each rate"):
        assert wanted in answers[12]
    assert answers[13] == 1  # one stop of the Tab key


def test_pan_and_zoom(browser: Browser, project: Path) -> None:
    before, panned, wheeled, larger, fitted, moved = visit(
        browser,
        project / "demo.html",
        ["eval", TRANSFORM],
        ["drag", 700, 750, 600, 700],
        ["eval", TRANSFORM],
        ["wheel", 700, 400, 0, -300],
        ["eval", TRANSFORM],
        ["press", "+"],
        ["wait", 50],
        ["eval", TRANSFORM],
        ["press", "0"],
        ["wait", 50],
        ["eval", TRANSFORM],
        ["press", "Shift+ArrowRight"],
        ["wait", 50],
        ["eval", TRANSFORM],
    )

    def numbers(text: str) -> tuple[float, float, float]:
        left, top, scale = map(float, re.findall(r"-?[\d.]+", text))
        return left, top, scale

    assert numbers(panned) == pytest.approx((numbers(before)[0] - 100, numbers(before)[1] - 50, numbers(before)[2]))
    assert numbers(wheeled)[2] > numbers(panned)[2]
    assert numbers(larger)[2] == pytest.approx(numbers(wheeled)[2] * 1.25)
    assert fitted == before
    assert numbers(moved)[0] == pytest.approx(numbers(fitted)[0] - 80)
    # Under the pointer stays what was there.
    left, top, scale = numbers(panned)
    after = numbers(wheeled)
    head = 41.0
    assert (700 - after[0]) / after[2] == pytest.approx((700 - left) / scale)
    assert (400 - head - after[1]) / after[2] == pytest.approx((400 - head - top) / scale, abs=6)


CONTRAST = """(selector => {
  const parse = text => text.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const light = c => { const [r, g, b] = c.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const paper = light(parse(getComputedStyle(document.body).backgroundColor));
  return [...document.querySelectorAll(selector)].map(it => { const style = getComputedStyle(it);
    const own = light(parse(it instanceof SVGElement ? style.fill : style.color));
    return (Math.max(own, paper) + 0.05) / (Math.min(own, paper) + 0.05); }).reduce((a, b) => Math.min(a, b)); })"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable(scheme: str, browser: Browser, project: Path) -> None:
    """WCAG asks for a contrast of 4.5 for text."""
    answers = visit(
        browser,
        project / "demo.html",
        ["click", "[data-id=train] > rect"],
        ["eval", f"{CONTRAST}('#picture text')"],
        ["eval", f"{CONTRAST}('#panel *')"],
        ["eval", f"{CONTRAST}('header *')"],
        ["eval", "getComputedStyle(document.body).backgroundColor"],
        scheme=scheme,
    )
    assert min(answers[:3]) >= 4.5
    assert answers[3] == {"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"}[scheme]


def test_what_a_program_says_is_text_and_never_html(browser: Browser, pipec: Run, tmp_path: Path) -> None:
    hostile = '</script><script>document.title="taken"</script><img src=x onerror=document.title=1>'
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "hostile.py").write_text(
        f"from pipec.sdk import pipeline, step\n@step\ndef s(x: str) -> str:\n    {hostile!r}\n    return x\n"
        f"@pipeline\ndef p():\n    s({hostile!r}, id='<b>&\"')\n    if s('2') == {hostile!r}:\n        s('3')\n"
    )
    page = tmp_path / "p.html"
    done = pipec("graph", "hostile.py", "--format", "html", "-o", page, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    title, scripts, shown = visit(
        browser,
        page,
        ["press", "/"],
        ["type", "<b>"],
        ["press", "Enter"],
        ["eval", "document.title"],
        ["eval", "document.querySelectorAll('script, img, b').length"],
        ["eval", f"{PANEL}.innerText"],
    )
    assert title == "p"
    assert scripts == 2
    assert hostile in shown


def test_a_page_of_500_steps_is_smooth(browser: Browser, pipec: Run, tmp_path: Path) -> None:
    """Half of the frames of a pan come as the screen asks for them, on a machine that is shared; benchmarks have figures."""
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "warehouse.py").write_text(large_program(500))
    done = pipec("graph", "warehouse.py:warehouse", "--format", "html", "-o", "w.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    pan = """new Promise(done => { const times = []; let left = 60; const view = document.getElementById('viewport');
      const fire = (type, x) => view.dispatchEvent(new PointerEvent(type, {pointerId: 1, button: 0, clientX: x, clientY: 300, bubbles: true}));
      view.setPointerCapture = () => {}; fire('pointerdown', 900); let last = performance.now();
      const tick = now => { times.push(now - last); last = now; fire('pointermove', 900 - 10 * times.length);
        if (--left) requestAnimationFrame(tick); else { fire('pointerup', 0); done(times.slice(2).sort((a, b) => a - b)); } };
      requestAnimationFrame(tick); })"""
    steps, times, hits = visit(
        browser,
        tmp_path / "w.html",
        ["eval", "document.querySelectorAll('#picture .step').length"],
        ["eval", pan],
        ["press", "/"],
        ["type", "alert"],
        ["eval", "document.getElementById('hits').textContent"],
    )
    assert steps >= 500
    assert times[len(times) // 2] < 50
    assert re.fullmatch(r"\d+ of \d+", hits)


def test_every_step_of_the_conformance_programs_has_its_block(pipec: Run) -> None:
    """In the file of each target, but for two names that Airflow must change altogether."""
    lost: list[str] = []
    for program in sorted(CONFORMANCE.rglob("*.py")):
        for pipeline in compile_file(program, None).pipelines:
            ids = [call.id for call in calls(pipeline.body)]
            for target in ("airflow", "kubeflow", "argo"):
                files = compile_file(program, target, pipeline=pipeline.symbol.rpartition(":")[2]).files
                found = blocks(files, ids)
                lost += [f"{program.stem} {target} {one}" for one in ids if files and one not in found]
    assert lost == ["names airflow größe", "names airflow Train_Model"]


def test_a_run_that_is_not_there(pipec: Run, project: Path) -> None:
    done = pipec("graph", "demo.py", "--format", "svg", "--run", "nothing", cwd=project)
    assert (done.returncode, done.stdout) == (1, "")
    assert "error[PC0706]: there is no run `nothing`" in done.stderr
    text = pipec("graph", "demo.py", "--run", "nothing", cwd=project)
    assert text.returncode == 2
    assert text.stderr == "pipec: `--run` colours the steps of a picture: give `--format svg` or `--format html`\n"


def test_what_a_target_refuses_is_said_in_its_column(pipec: Run, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "p.py").write_text(
        "from pipec.sdk import ExecutionMode, pipeline, step\n@step\ndef s(x: int) -> int:\n    return x\n"
        "@pipeline(execution_mode=ExecutionMode.FAIL_FAST)\ndef p():\n    x = s(1)\n    if x > 0:\n        x = s(2, id='t')\n"
        "    s(x, id='u')\n"
    )
    done = pipec("graph", "p.py", "--format", "html", "-o", "p.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    targets = {one["title"]: one for one in data_of(tmp_path / "p.html")["targets"]}
    assert targets["Airflow"]["refusal"].startswith("PC04")
    assert targets["Airflow"]["blocks"] == {}
    assert targets["Argo"]["refusal"] == ""
    assert targets["Argo"]["blocks"].keys() == {"s", "t", "u"}


def test_the_page_is_one_file_of_valid_html(project: Path) -> None:
    text = (project / "demo.html").read_text()
    assert set(re.findall(r"https?://[^\"\\\\]+", text)) == {"https://example.org"}  # in the program itself
    assert str(project) not in text
    open_tags: list[str] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in {"meta", "input", "path", "br"}:
                open_tags.append(tag)

        def handle_startendtag(self, tag: str, attrs: object) -> None:
            return

        def handle_endtag(self, tag: str) -> None:
            if tag != "path":
                assert open_tags.pop() == tag

    Reader().feed(text)
    assert open_tags == []

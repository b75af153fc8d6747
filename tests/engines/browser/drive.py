"""Drives a headless Chromium: reads one page and its steps as JSON, prints what came of them as JSON.

Steps: `["click", selector]`, `["press", key]`, `["type", text]`, `["wheel", x, y, dx, dy]`, `["drag", x, y, to x, to y]`,
`["eval", expression]` (its value is one of the answers), `["shot", file]`, `["wait", milliseconds]`, `["until", expression]`.
The last answer is `{"console": […], "requests": […]}`: whatever the page said, and every address that it asked for but its own.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def step(page: Page, words: list[Any], answers: list[Any]) -> None:
    match words:
        case ["click", selector]:
            page.click(selector)
        case ["press", key]:
            page.keyboard.press(key)
        case ["type", text]:
            page.keyboard.type(text)
        case ["wheel", x, y, dx, dy]:
            page.mouse.move(x, y)
            page.mouse.wheel(dx, dy)
            page.wait_for_timeout(60)
        case ["drag", x, y, to_x, to_y]:
            page.mouse.move(x, y)
            page.mouse.down()
            page.mouse.move((x + to_x) / 2, (y + to_y) / 2, steps=4)
            page.mouse.move(to_x, to_y, steps=4)
            page.mouse.up()
            page.wait_for_timeout(60)
        case ["eval", expression]:
            answers.append(page.evaluate(expression))
        case ["until", expression]:
            page.wait_for_function(expression)
        case ["wait", milliseconds]:
            page.wait_for_timeout(milliseconds)
        case ["shot", file]:
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=file)
        case _:
            raise ValueError(f"no such step: {words}")


def main() -> None:
    asked = json.load(sys.stdin)
    program = next(path for name in NAMES if (path := shutil.which(name)))
    address = Path(asked["page"]).as_uri()
    answers: list[Any] = []
    console: list[str] = []
    requests: list[str] = []
    # Root, as in a container, has no name space to put the sandbox into.
    flags = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=flags)
        width, height = asked["size"]
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=asked["scheme"], offline=True
        )
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: console.append(message.text))
        page.on("pageerror", lambda error: console.append(str(error)))
        page.on("request", lambda request: request.url != address and requests.append(request.url))
        page.goto(address)
        for words in asked["steps"]:
            step(page, words, answers)
        browser.close()
    json.dump([*answers, {"console": console, "requests": requests}], sys.stdout)


if __name__ == "__main__":
    main()

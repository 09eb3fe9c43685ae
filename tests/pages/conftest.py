"""Fixtures for the tests of pages: a browser without a window, which notes what a page asks for and complains of."""

import dataclasses
import shutil

import pytest


@dataclasses.dataclass
class Visit:
    """An open page with what has happened on it."""

    page: object
    requests: list = dataclasses.field(default_factory=list)
    complaints: list = dataclasses.field(default_factory=list)


@pytest.fixture(scope="module")
def browser():
    """Chromium without a window; closed after each module, as a running browser holds an event loop."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pages are not opened")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("there is no Chromium: pages are not opened")
    with playwright.sync_playwright() as running:
        options = ["--no-sandbox", "--enable-unsafe-swiftshader", "--autoplay-policy=no-user-gesture-required"]
        chromium = running.chromium.launch(executable_path=program, args=options)
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser):
    """Open a page: ``visit(path, width=1280, height=800, script=None)``; the script runs before those of the page."""
    contexts = []

    def open_page(path, *, width=1280, height=800, script=None):
        contexts.append(browser.new_context(viewport={"width": width, "height": height}))
        result = Visit(contexts[-1].new_page())
        result.page.on("request", lambda request: result.requests.append(request.url))
        result.page.on("console", lambda message: note(result, message))
        result.page.on("pageerror", lambda error: result.complaints.append(str(error)))
        if script:
            result.page.add_init_script(script)
        result.page.goto(path.as_uri())
        return result

    def note(result, message):
        if message.type == "error":
            result.complaints.append(message.text)

    yield open_page
    for context in contexts:
        context.close()

"""Measure how soon a page can be used, in Chromium, by its own clock (Navigation Timing)."""

import shutil
import statistics
from typing import NamedTuple

from playwright.sync_api import Browser, sync_playwright

from mailwarden.pipeline.web.sessions import COOKIE

__all__ = ["Seen", "browse"]

_FIRST_EVENT = """
const Plain = window.EventSource;
window.EventSource = class extends Plain {
  constructor(...words) {
    super(...words);
    this.addEventListener("pulse", () => { window.firstEvent ??= performance.now(); }, { once: true });
  }
};
"""
_TIMING = """
new Promise((done) => {
  const look = () => {
    if (window.firstEvent === undefined) return setTimeout(look, 5);
    const [one] = performance.getEntriesByType("navigation");
    done([one.responseEnd, one.domInteractive, one.loadEventEnd, window.firstEvent]);
  };
  look();
})
"""


class Seen(NamedTuple):
    """How a browser met a view: milliseconds from asking for it, the median and the worst of some rounds."""

    path: str
    cached: bool
    answered: tuple[float, float]
    interactive: tuple[float, float]
    loaded: tuple[float, float]
    live: tuple[float, float]


def browse(port: int, secret: str, rounds: int, paths: list[str]) -> list[Seen]:
    """Open views in Chromium: by somebody who comes for the first time, and by somebody who was here before."""
    seen = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for cached in (False, True):
            for path in paths:
                times = [_open(browser, port, secret, path, cached=cached) for _ in range(rounds)]
                seen.append(
                    Seen(path, cached, *((statistics.median(one), max(one)) for one in zip(*times, strict=True)))
                )
        browser.close()
    return seen


def _open(browser: Browser, port: int, secret: str, path: str, *, cached: bool) -> list[float]:
    base = f"http://127.0.0.1:{port}"
    context = browser.new_context(base_url=base)
    context.add_cookies([{"name": COOKIE, "value": secret, "url": base}])
    context.add_init_script(_FIRST_EVENT)
    window = context.new_page()
    if cached:
        window.goto(path)
    window.goto(path)
    times = [float(one) for one in window.evaluate(_TIMING)]
    context.close()
    return times

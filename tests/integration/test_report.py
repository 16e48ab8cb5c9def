# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's report, written by a playbook and opened in a real browser."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
from emulator import Emulator
from playwright.sync_api import Browser, Page, sync_playwright

HOSTILE = "<img src=x onerror=document.title='run'><script>document.title='run'</script>{{ 7 * 7 }}"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
NAMES = ["orders-db", "billing-db", "web-10", "web-9", "a-name-" + "that-is-long-" * 7]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if not found:
        pytest.skip(f"THE REPORT WAS NOT TESTED: none of {', '.join(CHROMIUM)} is on the PATH")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
        running = playwright.chromium.launch(executable_path=found, args=options)
        yield running
        running.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("report")


@pytest.fixture
def report(run: Callable[..., Any], emulator: Emulator, folder: Path) -> Path:
    """A report of one failed record, one refused start, one record that still runs, and two that succeeded."""
    path = folder / "report.html"
    if path.exists():
        return path
    artifacts = [{"id": "pa-1", "name": "v1", "service_actions": ["act-1"]}]
    plain = {"product": "prod-1", "artifact": "pa-1"}
    failed = {"ends": "FAILED", "errors": [{"code": "Broken", "description": HOSTILE}], "outputs": {"Log": HOSTILE}}
    more: list[dict[str, Any]] = [{"run": failed}, {"run": {"seconds": 40000}}, {}, {"run": {"seconds": 80}}]
    emulator.reset(
        {
            "service_actions": [{"id": "act-1", "name": "Restart", "run": {"seconds": 40}}],
            "products": [{"id": "prod-1", "name": "web", "artifacts": artifacts}],
            "provisioned_products": [
                {"id": f"pp-{number:013}", "name": name, **plain, **extra}
                for number, (name, extra) in enumerate(zip(NAMES, [*more, {"status": "UNDER_CHANGE"}]))
            ],
        }
    )
    options = {
        "targets": [{"provisioned_product_name": name} for name in NAMES],
        "service_action_name": "Restart",
        "change_id": "CHG-1 <b>",
        "max_errors": "9",
        "wait_timeout": 6,
        "report": str(path),
    }
    given = json.dumps({f"run_service_action_{name}": value for name, value in options.items()})
    done = run("ansible-playbook", "selfservice.aws.run_service_action", "-e", given)
    assert done.code == 2, done.output
    return path


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    """The opened report; console messages and network requests fail the test."""
    opened = browser.new_page(viewport={"width": 1200, "height": 800})
    messages: list[str] = []
    requests: list[str] = []
    opened.on("console", lambda message: messages.append(message.text))
    opened.on("pageerror", lambda error: messages.append(str(error)))
    opened.on("request", lambda request: requests.append(request.url))
    opened.goto(report.as_uri())
    yield opened
    assert requests == [report.as_uri()]
    assert messages == []
    opened.close()


def column(page: Page, number: int) -> list[str]:
    texts: list[str] = page.locator(f"tbody tr td:nth-child({number})").all_inner_texts()
    return [text.split("\n")[0] for text in texts]


def test_it_shows_every_target_with_its_outcome(page: Page) -> None:
    assert column(page, 1) == NAMES
    assert column(page, 2) == ["Failed", "Timed out", "Succeeded", "Succeeded", "Failed"]
    assert column(page, 3)[:4] == ["0:02", "goes on", "0:02", "0:04"]
    summary = page.locator(".summary").inner_text()
    assert " ".join(summary.split()) == "2 Succeeded 2 Failed 1 Timed out 0 Not started 0 Started"
    bars = page.locator(".bar i")
    assert bars.count() == 4
    frame, fill = page.locator(".bar").nth(1).bounding_box(), bars.nth(1).bounding_box()
    assert frame is not None
    assert fill is not None
    # The bar of a running record reaches the end.
    assert abs(fill["x"] + fill["width"] - frame["x"] - frame["width"]) < 2


def test_a_heading_sorts_by_click_and_by_key(page: Page) -> None:
    heading = page.locator("th", has_text="Product")
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert column(page, 1) == [NAMES[4], "billing-db", "orders-db", "web-9", "web-10"]
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert column(page, 1)[:2] == ["web-10", "web-9"]
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert heading.get_attribute("aria-sort") == "none"
    assert column(page, 2) == sorted(column(page, 2))


def test_texts_from_the_service_are_escaped(page: Page) -> None:
    assert page.title() != "run"
    assert page.locator("img, b:not(.summary b)").count() == 0
    assert HOSTILE in page.locator(".error").first.inner_text()
    assert page.locator("dd").first.inner_text() == HOSTILE
    assert "CHG-1 <b>" in page.locator(".when").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_it_fits_the_screen_and_is_readable(page: Page, width: int, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    luminance = """name => {
        const rgb = getComputedStyle(document.body)[name].match(/\\d+/g).slice(0, 3).map(Number);
        const [r, g, b] = rgb.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b;
    }"""
    ink, paper = (page.evaluate(luminance, name) for name in ("color", "backgroundColor"))
    assert (ink < paper) == (scheme == "light")
    assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) >= 7


def test_it_prints_on_white_without_cutting_a_row(page: Page) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.querySelector('tbody tr')).breakInside") == "avoid"


def test_the_content_security_policy_blocks_all_loading(page: Page) -> None:
    policy = page.locator("meta[http-equiv]").get_attribute("content") or ""
    assert policy.startswith("default-src 'none'")
    assert "script-src 'sha256-" in policy

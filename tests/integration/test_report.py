# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's report, written by a playbook and opened in a real browser."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from emulator import Emulator
from playwright.sync_api import Browser, Page, sync_playwright

ROLE = Path(__file__).parents[2] / "roles" / "run_service_action"
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
    takes = [{"name": name, "type": "TEXT_VALUE", "default_values": []} for name in ("Mode", "Pin")]
    emulator.reset(
        {
            "service_actions": [{"id": "act-1", "name": "Restart", "run": {"seconds": 40}, "parameters": takes}],
            "products": [{"id": "prod-1", "name": "web", "artifacts": artifacts}],
            "provisioned_products": [
                {"id": f"pp-{number:013}", "name": name, **plain, **extra}
                for number, (name, extra) in enumerate(zip(NAMES, [*more, {"status": "UNDER_CHANGE"}]))
            ],
        }
    )
    hosts = {f"host-{number}": {"provisioned_product_name": name} for number, name in enumerate(NAMES)}
    (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))
    options = {
        "service_action_name": "Restart",
        "change_id": "CHG-1 <b>",
        "parameters": {"Mode": "<b>soft</b>"},
        "sensitive_parameters": {"Pin": "s3cr3t-pin"},
        "max_errors": "9",
        "wait_timeout": 6,
        "report": str(path),
        "report_json": True,
    }
    given = json.dumps({f"run_service_action_{name}": value for name, value in options.items()})
    command = ("ansible-playbook", "-i", str(folder / "hosts.yml"), "selfservice.aws.bulk_service_action")
    done = run(*command, "-e", given, "-e", "awx_user_name=alice")
    assert done.code == 2, done.output
    return path


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    """The opened report; console messages and network requests fail the test."""
    yield from open_page(browser, report)


def open_page(browser: Browser, report: Path) -> Iterator[Page]:
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
    texts: list[str] = page.locator(f"tbody tr > :nth-child({number})").all_inner_texts()
    return [text.split("\n")[0] for text in texts]


def fact(page: Page, name: str) -> str:
    return page.locator(".facts > div", has=page.locator(f"dt:text-is('{name}')")).locator("> dd").inner_text()


def test_it_shows_every_target_with_its_outcome_those_that_need_attention_first(page: Page) -> None:
    assert column(page, 1) == [NAMES[4], "orders-db", "billing-db", "web-9", "web-10"]
    assert column(page, 2) == ["Failed", "Failed", "Timed out", "Succeeded", "Succeeded"]
    assert column(page, 5) == ["", "2 s", "end not known", "4 s", "2 s"]
    assert page.locator("tbody tr", has_text="billing-db").get_by_text("IN_PROGRESS", exact=True).is_visible()
    bars = page.locator(".bar i")
    assert bars.count() == 4
    frame, fill = page.locator(".bar").nth(1).bounding_box(), bars.nth(1).bounding_box()
    assert frame is not None
    assert fill is not None
    # The bar of a running record reaches the end.
    assert abs(fill["x"] + fill["width"] - frame["x"] - frame["width"]) < 2


def test_its_counts_say_what_they_count_and_of_how_many(page: Page) -> None:
    counts = [" ".join(text.split()) for text in page.locator(".counts li").all_inner_texts()]
    assert counts == [
        "2 of 5 Failed start rejected or not confirmed, or record FAILED",
        "1 of 5 Timed out did not end in time, may still be running",
        "0 of 5 Not started no request was sent",
        "2 of 5 Succeeded record SUCCEEDED",
    ]
    assert page.locator(".verdict").inner_text() == "5 provisioned products: 2 failed, 1 timed out, 2 succeeded."
    assert page.locator(".note").inner_text() == "This run started 4 actions."
    assert page.locator(".verdict").inner_text().strip(".") in page.title()


def test_it_tells_what_was_run_where_and_by_whom(page: Page) -> None:
    assert fact(page, "Change") == "CHG-1 <b>"
    assert fact(page, "Action") == "Restart"
    assert (fact(page, "Region"), fact(page, "Account")) == ("us-east-1", "123456789012")
    assert fact(page, "Run by") == "alice"
    assert fact(page, "Errors allowed") == "9"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", fact(page, "Started"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \d+ s", fact(page, "Ended"))
    assert fact(page, "Parameters").split() == ["Mode", "<b>soft</b>", "Pin", "********"]


def test_the_same_is_beside_it_as_json(page: Page, report: Path) -> None:
    data = json.loads(report.with_suffix(".json").read_text())
    assert data["summary"] == page.locator(".verdict").inner_text().strip(".")
    assert [each["provisioned_product_name"] for each in data["results"]] == column(page, 1)
    assert [each["record_id"] or "" for each in data["results"]] == column(page, 3)
    assert [each["duration"] for each in data["results"]] == [None, "2 s", None, "4 s", "2 s"]
    assert data["parameters"] == {"Mode": ["<b>soft</b>"], "Pin": ["********"]}
    assert (data["account"], data["change_id"], data["run_by"]) == ("123456789012", "CHG-1 <b>", "alice")
    assert data["results"][1]["record_outputs"] == {"Log": HOSTILE}


def test_a_heading_sorts_by_click_and_by_key(page: Page) -> None:
    heading = page.locator("thead th", has_text="Product")
    assert page.locator("thead th", has_text="Outcome").get_attribute("aria-sort") == "ascending"
    heading.get_by_role("button").click()
    assert heading.get_attribute("aria-sort") == "ascending"
    assert column(page, 1) == [NAMES[4], "billing-db", "orders-db", "web-9", "web-10"]
    page.keyboard.press("Enter")
    assert heading.get_attribute("aria-sort") == "descending"
    assert column(page, 1)[:2] == ["web-10", "web-9"]
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert heading.get_attribute("aria-sort") == "none"
    assert column(page, 2) == sorted(column(page, 2), key=["Failed", "Timed out", "Succeeded"].index)
    page.locator("thead th", has_text="Duration").get_by_role("button").click()
    assert column(page, 5)[2:] == ["2 s", "2 s", "4 s"]


def test_without_scripts_it_is_a_plain_table(browser: Browser, report: Path) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(report.as_uri())
    assert page.get_by_role("button").count() == 0
    assert page.get_by_role("columnheader").all_inner_texts()[:3] == ["Product", "Outcome", "Record"]
    assert "sort" not in page.locator("caption").inner_text()
    page.close()


def test_texts_from_the_service_are_escaped(page: Page) -> None:
    assert page.title() != "run"
    assert page.locator("img, b:not(.counts b)").count() == 0
    assert HOSTILE in page.locator("tr", has_text="orders-db").locator(".message").inner_text()
    assert page.locator("tbody dd").first.inner_text() == HOSTILE


def test_every_value_is_escaped_wherever_it_is_shown(
    browser: Browser, play: Callable[..., Any], tmp_path: Path
) -> None:
    hostile = "\"'></style></script><x-evil x-evil=1>{{ 7 * 7 }}"
    texts = ("provisioned_product_id", "provisioned_product_name", "outcome", "attempt", "msg", "host")
    record = dict.fromkeys(("record_id", "status", "created_time", "updated_time"), hostile)
    times = {"created_time": "2026-11-26T07:00:00+00:00", "updated_time": "2026-11-26T07:04:10+00:00"}
    result = {**dict.fromkeys(texts, hostile), "attempt": 2, "record_outputs": {hostile: hostile}}
    result |= {"parameters": {hostile: f"2{hostile}"}, "error": {"code": hostile, "message": hostile}}
    facts = ("change_id", "service_action_id", "service_action_name", "region", "account", "run_by", "awx_job_id")
    context = dict.fromkeys((*facts, "max_errors", "msg", "started", "ended", "arn"), hostile)
    context |= {"parameters": {hostile: [hostile]}, "sensitive_parameters": {f"s{hostile}": "s3cr3t"}}
    details = [record, {**record, **times}, {}]
    for number, url in enumerate((hostile, f"https://awx.example.com/{hostile}", f"javascript:{hostile}")):
        data = {"results": [{**result, "record_detail": detail} for detail in details]}
        data["context"] = {**context, "awx_job_url": url}
        (tmp_path / f"{number}.json").write_text(json.dumps(data))
    (tmp_path / "files").symlink_to(ROLE / "files")
    done = play(f"""
    - ansible.builtin.template: {{src: {ROLE}/templates/report.html.j2, dest: "{tmp_path}/{{{{ item }}}}.html"}}
      loop: [0, 1, 2]
      vars:
        data: "{{{{ lookup('ansible.builtin.file', '{tmp_path}/' ~ item ~ '.json') | from_json }}}}"
        run_service_action_report_results: "{{{{ data.results }}}}"
        run_service_action_report_context: "{{{{ data.context }}}}"
    """)
    assert done.code == 0, done.output
    for number, links in enumerate((0, 1, 0)):
        for page in open_page(browser, tmp_path / f"{number}.html"):
            assert page.locator("x-evil, [x-evil]").count() == 0
            assert page.locator("script").count() == page.locator("style").count() == 1
            assert page.locator("a").count() == links
            assert page.locator("h1").inner_text() == hostile
            assert page.locator("tbody th").first.get_attribute("data-key") == hostile


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_it_fits_the_screen_and_is_readable(page: Page, width: int, scheme: Any) -> None:
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    tones = page.locator(".outcome").evaluate_all("all => all.map(each => getComputedStyle(each).color)")
    assert len(set(tones)) == 3
    luminance = """name => {
        const rgb = getComputedStyle(document.body)[name].match(/\\d+/g).slice(0, 3).map(Number);
        const [r, g, b] = rgb.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b;
    }"""
    ink, paper = (page.evaluate(luminance, name) for name in ("color", "backgroundColor"))
    assert (ink < paper) == (scheme == "light")
    assert (max(ink, paper) + 0.05) / (min(ink, paper) + 0.05) >= 7


def test_on_a_phone_every_value_has_its_heading(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    labels = "all => all.map(each => getComputedStyle(each, '::before').content)"
    row = page.locator("tbody tr", has_text="orders-db")
    assert row.locator("td").evaluate_all(labels)[:4] == ['"Outcome"', '"Record"', '"Started"', '"Duration"']
    page.get_by_role("button", name="Product").click()
    assert column(page, 1)[1] == "billing-db"


def test_it_prints_on_white_without_cutting_a_row(page: Page) -> None:
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.querySelector('tbody tr')).breakInside") == "avoid"


def test_the_content_security_policy_blocks_all_loading(page: Page) -> None:
    policy = page.locator("meta[http-equiv]").get_attribute("content") or ""
    assert policy.startswith("default-src 'none'")
    assert "script-src 'sha256-" in policy

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Chromium for the tests that look at the report in a browser."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from console import Failed, run, say
from setup import locked

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def provide_browser(venv: Path) -> str:
    """Return the path of a Chromium: the machine's own, or one installed by its packages or else by Playwright."""
    with locked("browser"):
        return _on_path() or _install(venv)


def _install(venv: Path) -> str:
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("  Chromium, from the packages of this machine")
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run("apt-get", "update", "-q", env=environment)
        run("apt-get", "install", "-q", "-y", "--no-install-recommends", "chromium", env=environment)
        if found := _on_path():
            return found
    say("  Chromium, from Playwright")
    run(venv / "bin/playwright", "install", "chromium")
    ask = "from playwright.sync_api import sync_playwright as p; print(p().start().chromium.executable_path)"
    found = run(venv / "bin/python", "-c", ask).strip()
    if not Path(found).exists():
        raise Failed(
            "The tests of the report need a Chromium on the PATH; none was found, and none could be installed."
        )
    return found


def _on_path() -> str | None:
    return next(filter(None, map(shutil.which, NAMES)), None)

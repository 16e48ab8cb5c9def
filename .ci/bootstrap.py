# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Install nox into the build tree, unless it is there, and run it; ``clean`` as the only argument removes the tree."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from build_tree import BUILD, CHECKOUT, lock

REQUIREMENTS = CHECKOUT / ".ci/requirements-nox.txt"
VENV = BUILD / "bootstrap"
STAMP = VENV / "installed.txt"


def install() -> None:
    """Make the virtual environment of nox again if its requirements or its Python have changed."""
    wanted = f"{sys.version}\n{sys.base_prefix}\n{REQUIREMENTS.read_text(encoding='utf-8')}"
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        return
    # On stderr, since `make env` is evaluated by a shell.
    print(f"Installing what is needed into {BUILD}: first run only, about a minute.", file=sys.stderr, flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
    pip = [str(VENV / "bin/python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-r", str(REQUIREMENTS)], check=True)
    STAMP.write_text(wanted, encoding="utf-8")


if __name__ == "__main__":
    with lock("run"):
        if sys.argv[1:] == ["clean"]:
            shutil.rmtree(BUILD)
            print(f"Removed {BUILD}")
            sys.exit()
        install()
    os.chdir(CHECKOUT)
    # So that nox and the noxfile leave no __pycache__ in the checkout.
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    python = str(VENV / "bin/python")
    os.execv(python, [python, "-m", "nox", *sys.argv[1:]])

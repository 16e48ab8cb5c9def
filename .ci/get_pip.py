# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give ansible-test the get-pip.py that it wants, where the host it gets it from can't be reached."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from console import run, say

SECONDS = 5
# ansible-test's own words for which pip it wants for a Python, and for where it gets its installer.
ASK = """
import pathlib, sys, types
import ansible_test
from ansible_test._internal.python_requirements import get_venv_packages
print(pathlib.Path(ansible_test.__file__).parent / "_util/target/setup/requirements.py")
for name in sys.argv[1:]:
    print(get_venv_packages(types.SimpleNamespace(version=name))["pip"])
"""
STAND_IN = """\
# A stand-in for get-pip.py, made by the tests of selfservice.aws: it runs the pip that lies beside it.
import runpy
import sys

# Compiled once for each Python, not each time.
sys.dont_write_bytecode = False
sys.path.insert(0, {folder!r})
words = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.argv[1:] = ["install", "--ignore-installed", *words]
runpy.run_module("pip", run_name="__main__")
"""


def provide_get_pip(venv: Path, names: Iterable[str]) -> None:
    """Fill ansible-test's cache for these versions of Python (``3.12``), unless it can do so by itself."""
    source, *versions = run(venv / "bin/python", "-c", ASK, *names).splitlines()
    address = re.search(r"'(https://[^']*get-pip-%s\.py)'", Path(source).read_text(encoding="utf-8"))
    for version in sorted(set(versions)):
        script = Path.home() / ".ansible/test/cache" / f"get_pip_{version.replace('.', '_')}.py"
        if address and not script.exists() and not _answers(address[1] % version):
            say(f"  pip {version} from PyPI, since ansible-test's own source did not answer")
            _write_stand_in(script, version, venv)


@cache
def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=SECONDS):
            return True
    except OSError:
        return False


def _write_stand_in(script: Path, version: str, venv: Path) -> None:
    folder = script.with_name(f"pip-{version}")
    options = ["--quiet", "--no-deps", "--no-compile", "--ignore-requires-python", "--target", str(folder)]
    run(venv / "bin/python", "-m", "pip", "install", *options, f"pip=={version}")
    script.write_text(STAND_IN.format(folder=str(folder)), encoding="utf-8")

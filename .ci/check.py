# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of this collection, as the Makefile names them."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from browser import provide_browser
from console import Failed, run, say, step
from docsite import build_docsite
from get_pip import provide_get_pip
from matrix import ON_OLDEST, Combination, combinations, module_pythons
from pythons import Python, find_pythons
from release import build, try_import
from setup import CHECKOUT, Workshop, build_folder, copy_checkout, link_pythons, locked, set_up, set_up_module_python
from versions import commit, note, row_of

UNITS = ("tests/unit", ".ci")
INTEGRATION = ("tests/integration",)
COVERAGE = ("--cov", "--cov-report=term")
# What ansible-test and its pip say while all is well.
PROGRESS = re.compile(
    r"^( *(━|Collecting |Downloading |Installing |Looking in |Processing |Successfully installed |Using cached )"
    r"|Running sanity test |WARNING: (Location|Skipping|Using locale) |$).*\n",
    re.MULTILINE,
)
LINTERS = {
    "antsibull-docs": "antsibull-docs lint-collection-docs --plugin-docs --disallow-unknown-collection-refs"
    " --validate-collection-refs=all --check-extra-docs-refs .",
    "ansible-lint": "ansible-lint -q --nocolor",
    "mypy": "mypy -p ansible_collections.selfservice.aws.plugins -p emulator -p benchmarks -p awx -p faults",
    "mypy of .ci": "mypy .ci",
    "black": "black --check --quiet --diff .",
    "ruff": "ruff check --quiet --output-format concise .",
    "antsibull-changelog": "antsibull-changelog lint",
    "antsibull-nox": "nox --no-venv --no-install --envdir {caches}/nox -s extra-checks docs-check",
    "GitHub workflows": "check-jsonschema -q --builtin-schema vendor.github-workflows {workflows}",
    "sizes": "python .ci/sizes.py",
}
FORMATTERS = ("ruff check --quiet --no-cache --fix .", "black --quiet .")


class Checks:
    """Checks on the Pythons of this machine: what fails is noted, and the next one runs all the same."""

    def __init__(self) -> None:
        self.pythons = find_pythons()
        self.combinations = combinations(self.pythons)
        self.main = self.combinations[-1]
        self.failed: list[str] = []

    def lint(self) -> None:
        """Run the linters and type checkers, two at a time."""
        workshop = set_up(self.main, "lint")
        caches = build_folder() / "caches"
        env = {
            **workshop.env,
            # Some of them leave caches and logs there.
            "HOME": str(caches / "home"),
            "MYPYPATH": os.pathsep.join([str(workshop.tree), str(CHECKOUT / "tests")]),
            "MYPY_CACHE_DIR": str(caches / "mypy"),
            "RUFF_CACHE_DIR": str(caches / "ruff"),
        }
        (caches / "home").mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(max_workers=2) as pool:
            jobs = [pool.submit(self._run_tool, workshop, *linter, env=env) for linter in LINTERS.items()]
        for job in jobs:
            job.result()

    def rewrite(self, *commands: str) -> None:
        """Run commands of the linters' virtual environment that change the checkout."""
        workshop = set_up(self.main, "lint")
        for command in commands:
            self._run_tool(workshop, command, command, env=workshop.env)

    def docs(self) -> None:
        """Build the HTML documentation."""
        workshop = set_up(self.main, "lint")
        self._check("docsite", partial(build_docsite, workshop))

    def build(self) -> None:
        """Build the collection's tarball, and import it as Galaxy does."""
        workshop, importer = set_up(self.main, "lint"), set_up(self.main, "galaxy")
        self._check("tarball and galaxy-importer", lambda: try_import(importer, build(workshop)))

    def sanity(self, combination: Combination, *words: str) -> bool:
        """Run ansible-test sanity, by default its compile and import tests on every Python found."""
        workshop = set_up(combination, "test")
        return self._check(f"sanity, {combination}", partial(self._sanity, workshop, words))

    def tests(self, combination: Combination, paths: Iterable[str] = (*UNITS, *INTEGRATION)) -> bool:
        """Run tests quietly."""
        workshop = set_up(combination, "test")
        return self._check(f"tests, {combination}", partial(_run_tests, workshop, paths))

    def prove(self, combination: Combination) -> None:
        """Run sanity and the tests of a combination, and note how that went."""
        passed = self.sanity(combination) and self.tests(combination)
        workshop = set_up(combination, "test")
        note(combination.name, row_of(workshop, "sanity, units, integration") if passed else None)

    def prove_modules_on(self, python: Python, *, oldest_boto3: bool) -> None:
        """Run integration tests with the modules on a Python that is too old for the main combination itself."""
        workshop = set_up(self.main, "test")
        module_python = set_up_module_python(python, workshop.tree, oldest=oldest_boto3)
        env = {"SELFSERVICE_MODULE_PYTHON": str(module_python)}
        title = f"integration, {self.main}, modules on Python {python.version}"
        passed = self._check(title, partial(_run_tests, workshop, INTEGRATION, env=env))
        row = row_of(workshop, "integration", module_python) if passed else None
        note(f"{self.main.name}-modules-py{python.name}", row)

    def show_tests(self, *words: str) -> None:
        """Run tests of the main combination in the open."""
        workshop = set_up(self.main, "test")
        env = {**_test_env(workshop), "COVERAGE_FILE": str(build_folder() / "caches/coverage")}
        if subprocess.run(_pytest(workshop, words), check=False, cwd=CHECKOUT, env=env).returncode:
            self.failed.append("pytest")

    def faults(self) -> None:
        """Run the cases of faults and signals, and write the page that counts them."""
        report = build_folder() / "caches/faults.xml"
        self.show_tests("tests/unit/test_faults.py", "tests/integration/test_survival.py", "--junitxml", str(report))
        workshop = set_up(self.main, "test")
        say(run(workshop.tool("python"), "-m", "faults", report, env=workshop.env, cwd=CHECKOUT).strip())

    def _check(self, title: str, check: Callable[[], object]) -> bool:
        try:
            with step(title):
                check()
        except Failed:
            self.failed.append(title)
            return False
        return True

    def _run_tool(self, workshop: Workshop, title: str, command: str, *, env: dict[str, str]) -> None:
        workflows = " ".join(map(str, sorted(CHECKOUT.glob(".github/workflows/*.yml"))))
        tool, *words = command.format(caches=build_folder() / "caches", workflows=workflows).split()
        self._check(title, partial(run, workshop.tool(tool), *words, env=env, cwd=CHECKOUT))

    def _sanity(self, workshop: Workshop, words: Iterable[str]) -> None:
        folders = [str(workshop.venv / "bin"), str(link_pythons(self.pythons.values())), *os.get_exec_path()]
        env = {**workshop.env, "PATH": os.pathsep.join(folders)}
        command = [workshop.tool("ansible-test"), "sanity", "--local", "--color", "no", *words]
        # Its caches are for one process at a time.
        with locked("sanity"):
            provide_get_pip(workshop.venv, [python.name for python in self.pythons.values()])
            try:
                output = run(*command, env=env, cwd=copy_checkout("sanity", workshop.combination.amazon))
            except Failed as failure:
                raise Failed(PROGRESS.sub("", str(failure))) from failure
        if "All targets skipped" in output:
            raise Failed(f"ansible-test tested nothing:\n{output}")


def _pytest(workshop: Workshop, words: Iterable[str]) -> list[str]:
    """Return a pytest command that finds this collection in the workshop's tree and leaves nothing in the checkout."""
    # pytest-ansible finds the collection too late for a conftest.py.
    paths = shlex.join(["tests", ".ci", str(workshop.tree)])
    settings = ["-o", f"pythonpath={paths}", "-o", f"cache_dir={build_folder() / 'caches/pytest'}"]
    # Many tests wait for other processes most of the time.
    parallel = ["-n", str(min(8, 2 * (os.cpu_count() or 1)))]
    return [workshop.tool("python"), "-m", "pytest", "--ansible-unit-inject-only", *settings, *parallel, *words]


def _test_env(workshop: Workshop) -> dict[str, str]:
    """Return the environment of the tests, which look at the report in a browser and keep examples that failed."""
    ours = {"HYPOTHESIS_STORAGE_DIRECTORY": str(build_folder() / "caches/hypothesis")}
    return {**workshop.env, **ours, "SELFSERVICE_BROWSER": provide_browser(workshop.venv)}


def _run_tests(workshop: Workshop, paths: Iterable[str], *, env: dict[str, str] | None = None) -> None:
    """Run tests and print pytest's last line only."""
    output = run(*_pytest(workshop, ["-q", *paths]), env=_test_env(workshop) | (env or {}), cwd=CHECKOUT)
    say(f"          {output.splitlines()[-1]}")


def test(checks: Checks) -> None:
    """Run everything on the newest combination, sanity and most tests on the oldest; pytest's summary comes last."""
    oldest = checks.combinations[:-1][:1]
    say("\n".join(["Of the matrix, the oldest and the newest run:", *(f"  {each}" for each in [*oldest, checks.main])]))
    with ThreadPoolExecutor() as pool:
        beside = pool.submit(_lint_and_test, checks, oldest)
        checks.sanity(checks.main)
        for combination in oldest:
            # The newest has looked at every Python.
            checks.sanity(combination, "--python", combination.python.name)
        beside.result()
    checks.show_tests(*UNITS, *INTEGRATION, *COVERAGE)


def _lint_and_test(checks: Checks, tested: Iterable[Combination]) -> None:
    checks.lint()
    checks.docs()
    checks.build()
    for combination in tested:
        checks.tests(combination, ON_OLDEST)


def test_matrix(checks: Checks, *words: str) -> None:
    """Run all combinations, and the modules on the Pythons too old for the newest; words choose some by their names."""
    chosen = [each for each in checks.combinations if not words or each.core in words]
    on_modules = [each for each in module_pythons(checks.pythons) if not words or each[0].name in words]
    names = [*map(str, chosen), *(f"modules on Python {python.version}" for python, _oldest in on_modules)]
    say("\n".join([f"Of the matrix, at commit {commit()}:", *(f"  {name}" for name in names)]))
    for combination in chosen:
        checks.prove(combination)
    for python, oldest_boto3 in on_modules:
        checks.prove_modules_on(python, oldest_boto3=oldest_boto3)


def main(target: str, *words: str) -> int:
    """Run a target and return the exit code; words go to pytest, where it is shown."""
    # Ctrl-C reaches the commands too; the threads that would start the next ones end with this process.
    signal.signal(signal.SIGINT, lambda number, _frame: os._exit(128 + number))
    checks = Checks()
    targets: dict[str, Callable[[], object]] = {
        "build": checks.build,
        "faults": checks.faults,
        "changelog": partial(checks.rewrite, "antsibull-changelog release"),
        "docs": checks.docs,
        "format": partial(checks.rewrite, *FORMATTERS),
        "integration": partial(checks.show_tests, *INTEGRATION, *words),
        "lint": checks.lint,
        "sanity": partial(checks.sanity, checks.main),
        "test": partial(test, checks),
        "test-matrix": partial(test_matrix, checks, *words),
        "units": partial(checks.show_tests, *UNITS, *words),
    }
    try:
        targets[target]()
    except Failed as failure:
        say(f"FAILED: set-up\n{failure}")
        return 1
    if checks.failed:
        say(f"FAILED: {'; '.join(checks.failed)}")
    return int(bool(checks.failed))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

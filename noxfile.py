# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every check of this collection is a session: `nox -s units -- -k replay` runs one, and the Makefile has short names.

All files that the sessions make, such as environments, are in the build tree (docs/adr/0001-build-tree.md).
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import sys
from contextlib import ExitStack
from pathlib import Path

import antsibull_nox
import nox

sys.path.insert(0, str(Path(__file__).parent / ".ci"))

import checks
import docsite
from build_tree import BUILD, CHECKOUT, lock
from checks import Versions

# For each ansible-core 2.x: the oldest Python 3.x that runs it, and the amazon.aws of its time.
CORES = {16: (10, 9), 17: (10, 9), 18: (11, 9), 19: (11, 10), 20: (12, 10), 21: (12, 11), 22: (13, 12)}
# For each amazon.aws: the oldest ansible-core 2.x that it allows.
AMAZON = {9: 16, 10: 16, 11: 17, 12: 18}
# All pairs that amazon.aws allows. With the amazon.aws of its time, each ansible-core runs all tests, on the oldest or
# the newest boto3; with the others it runs a part, on the oldest boto3 that they allow.
SUPPORTED = [
    Versions(f"2.{core}", f"3.{python}", amazon, oldest_boto3=amazon != own or core in (16, 19), part=amazon != own)
    for core, (python, own) in CORES.items()
    for amazon, oldest_core in AMAZON.items()
    if core >= oldest_core
]
# The newest ansible-core with its other Pythons, and with modules on Pythons that are too old for it.
SUPPORTED += [Versions("2.22", python, 12) for python in ("3.14", "3.15")]
SUPPORTED += [Versions("2.22", "3.13", 12, oldest_boto3=old == "3.9", modules=old) for old in ("3.9", "3.10")]
# The tests that a version is most likely to break.
PART_SANITY = ("--test=ansible-doc", "--test=compile", "--test=import", "--test=validate-modules", "--test=yamllint")
PART_INTEGRATION = ("examples", "inventory", "role", "runner", "running_service_actions", "secrets")
PART_TESTS = ("tests/unit/plugins", *(f"tests/integration/test_{name}.py" for name in PART_INTEGRATION))
STAND_IN = "https://example.com/selfservice.aws"

# Sessions that nox runs in parallel (-j) are processes of their own, with the lock and the PATH of the first one.
held = ExitStack()
if not os.environ.get("SELFSERVICE_HELD"):
    checks.prepare_environment()
    if not {"-l", "--list", "--usage"} & set(sys.argv):
        held.enter_context(lock("run"))
        os.environ["SELFSERVICE_HELD"] = "yes"
PYTHONS = checks.find_pythons()
RUNNABLE = [each for each in SUPPORTED if {each.python, each.modules or each.python} <= set(PYTHONS)]
COMPLETE = [each for each in RUNNABLE if not each.modules and not each.part]
OLDEST, NEWEST = COMPLETE[0], COMPLETE[-1]
WITH_PYLINT = [NEWEST, *(each for each in COMPLETE if each.core not in checks.WITHOUT_PYLINT)][-1]

nox.needs_version = ">=2026.10.20"
nox.options.default_venv_backend = "uv"
nox.options.download_python = "never"
nox.options.envdir = str(BUILD / "nox")
nox.options.error_on_missing_interpreters = True
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "docs", "build", "sanity", "pylint", "oldest", "clients", "tests"]
antsibull_nox.load_antsibull_nox_toml()


def run_part(session: nox.Session, versions: Versions) -> None:
    """Run the tests that a version is most likely to break."""
    tree = checks.set_up(session, versions, "test")
    checks.run_sanity(session, versions, tree, "--python", versions.python, *PART_SANITY)
    checks.run_tests(session, tree, "-q", *PART_TESTS)


@nox.session(python=NEWEST.python, allow_parallel=True)
def lint(session: nox.Session) -> None:
    """Run the linters and type checkers."""
    tree = checks.set_up(session, NEWEST, "docs", "lint")
    caches = BUILD / "caches"
    # Some of them write caches and logs to the home directory.
    session.env.update(HOME=str(caches / "home"), RUFF_CACHE_DIR=str(caches / "ruff"))
    session.env.update(MYPY_CACHE_DIR=str(caches / "mypy"), MYPYPATH=os.pathsep.join([str(tree), "tests"]))
    (caches / "home").mkdir(parents=True, exist_ok=True)
    checks.run_all(session, checks.LINTERS)


@nox.session(python=NEWEST.python, default=False)
def format(session: nox.Session) -> None:  # noqa: A001
    """Let ruff and black correct what they can."""
    checks.set_up(session, NEWEST, "lint")
    checks.run_all(session, ("ruff check --quiet --no-cache --fix --exit-zero .", "black --quiet ."))


@nox.session(python=NEWEST.python, allow_parallel=True)
def docs(session: nox.Session) -> None:
    """Build the HTML documentation, with the changelog as it would be released; each warning is an error."""
    checks.released(session, checks.set_up(session, NEWEST, "docs"))
    tmp = checks.empty_tmp(session)
    source, site = tmp / "rst", tmp / "html"
    # antsibull-docs requires that only its user can write to it.
    source.mkdir(mode=0o755)
    options = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir", str(source)]
    session.run("antsibull-docs", "collection", *options, "selfservice.aws", silent=True)
    docsite.prepare(source)
    session.run("sphinx-build", "-n", "-q", "-W", "--keep-going", str(source), str(site))
    session.log(f"{site}/index.html")


@nox.session(python=NEWEST.python, allow_parallel=True)
def build(session: nox.Session) -> None:
    """Build the tarball for Galaxy, into the folder given, and import it as Galaxy does."""
    tmp = checks.empty_tmp(session)
    folder = Path(session.posargs[0] if session.posargs else tmp).resolve()
    tree = checks.set_up(session, NEWEST, "galaxy")
    metadata = checks.released(session, tree) / "galaxy.yml"
    if not re.search("^repository:", text := metadata.read_text(encoding="utf-8"), re.MULTILINE):
        repository = os.environ.get("SELFSERVICE_REPOSITORY", STAND_IN)
        metadata.write_text(f"{text}repository: {repository}\n", encoding="utf-8")
        session.log(f"galaxy.yml names no repository; the tarball names {repository}")
    session.run("ansible-galaxy", "collection", "build", "--force", "--output-path", str(folder), silent=True)
    tarball = next(folder.glob("*.tar.gz"))
    # galaxy-importer's ansible-doc finds amazon.aws, whose fragments the modules use, among Python's packages.
    env = {"HOME": str(tmp), "PYTHONPATH": str(tree), "ANSIBLE_COLLECTIONS_PATH": str(tree)}
    session.chdir(tmp)
    output = str(session.run("python", "-m", "galaxy_importer.main", str(tarball), silent=True, env=env))
    if re.search(r"^(WARNING|ERROR)", output, re.MULTILINE) or "completed successfully" not in output:
        session.error(output)
    session.log(str(tarball))


@nox.session(python=NEWEST.python, allow_parallel=True)
def sanity(session: nox.Session) -> None:
    """Run ansible-test sanity on every Python found, without ignore files."""
    checks.run_sanity(session, NEWEST, checks.set_up(session, NEWEST, "test"), *session.posargs)


@nox.session(python=WITH_PYLINT.python, allow_parallel=True)
def pylint(session: nox.Session) -> None:
    """Run the pylint of ansible-test sanity, of the newest ansible-core that can install it."""
    checks.run_sanity(session, WITH_PYLINT, checks.set_up(session, WITH_PYLINT, "test"), "--test", "pylint")


@nox.session(python=OLDEST.python, allow_parallel=True)
def oldest(session: nox.Session) -> None:
    """Run the checks that older versions can break, on the oldest versions that have a Python here."""
    session.log(f"{OLDEST}")
    run_part(session, OLDEST)


@nox.session(python=NEWEST.python, allow_parallel=True)
def clients(session: nox.Session) -> None:
    """Run the AWS CLI and aiobotocore against the emulator, with the botocore that they want."""
    tree = checks.set_up(session, NEWEST, "test", "clients")
    checks.run_tests(session, tree, "-q", "tests/clients", *session.posargs)


@nox.session(python=NEWEST.python)
def tests(session: nox.Session) -> None:
    """Run the unit and the integration tests; the summary of pytest is printed last."""
    tree = checks.set_up(session, NEWEST, "test")
    logging.getLogger("nox").setLevel(logging.CRITICAL)
    checks.run_tests(session, tree, "tests/unit", "tests/integration", "-m", "not exhaustive", *session.posargs)


@nox.session(python=NEWEST.python, default=False)
def units(session: nox.Session) -> None:
    """Run the unit tests; arguments after `--` are passed to pytest."""
    checks.run_tests(session, checks.set_up(session, NEWEST, "test"), "tests/unit", *session.posargs)


@nox.session(python=NEWEST.python, default=False)
def integration(session: nox.Session) -> None:
    """Run the integration tests; arguments after `--` are passed to pytest."""
    checks.run_tests(session, checks.set_up(session, NEWEST, "test"), "tests/integration", *session.posargs)


@nox.session(python=NEWEST.python, default=False)
def faults(session: nox.Session) -> None:
    """Run all cases of faults and signals, and random ones: `-- --seeds 1000` for more, `-- --seed 7` for one."""
    tree = checks.set_up(session, NEWEST, "test")
    what = ("unit/test_faults", "unit/test_random_faults", "integration/test_survival", "integration/test_random_kills")
    checks.run_tests(session, tree, *(f"tests/{each}.py" for each in what), *session.posargs)


@nox.session(python=NEWEST.python, default=False)
def coverage(session: nox.Session) -> None:
    """Run the unit tests, and fail if they cover too few lines and branches of the plugins."""
    tree = checks.set_up(session, NEWEST, "test")
    env = {"COVERAGE_FILE": str(BUILD / "caches/coverage")}
    checks.run_tests(session, tree, "tests/unit", "--cov", "--cov-report=term", *session.posargs, **env)


@nox.session(default=False)
@nox.parametrize("python,versions", [nox.param(each.python, each, id=str(each)) for each in SUPPORTED])
def versions(session: nox.Session, versions: Versions) -> None:
    """Run sanity and all tests, or a part of the tests, on versions that are tested together."""
    if versions.part:
        run_part(session, versions)
        return
    tree = checks.set_up(session, versions, "test")
    if versions.modules:
        # Not create_tmp(): it sets TMPDIR, and the paths of the sockets that tests create there would be too long.
        venv = str(Path(session.virtualenv.location, "modules"))
        session.run("uv", "venv", "--clear", "--python", versions.modules, venv, external=True)
        # Without packaging, which ansible-core would install, amazon.aws warns that it can't compare versions.
        wanted = [*checks.boto3_requirements(versions, tree), "packaging"]
        session.run("uv", "pip", "install", "--compile-bytecode", "--python", venv, *wanted, external=True)
        checks.run_tests(session, tree, "-q", "tests/integration", SELFSERVICE_MODULE_PYTHON=f"{venv}/bin/python")
    else:
        checks.run_sanity(session, versions, tree)
        checks.run_tests(session, tree, "-q", "tests/unit", "tests/integration")


@nox.session(venv_backend="none", default=False)
def matrix(session: nox.Session) -> None:
    """Run all supported versions that have a Python here; arguments select those whose names contain them."""
    chosen = [each for each in SUPPORTED if all(word in str(each) for word in session.posargs)]
    left_out = [str(each) for each in chosen if each not in RUNNABLE]
    if left_out:
        session.warn(f"Left out, since their Python was not found: {', '.join(left_out)}")
    if len(left_out) == len(chosen):
        session.error("Nothing to run.")
    for each in chosen:
        if each in RUNNABLE:
            session.notify(f"versions({each})", posargs=[])


@nox.session(python=NEWEST.python, default=False)
def bench(session: nox.Session) -> None:
    """Run the benchmarks, or those named, and write their chapters of the guide; "picture" draws that in the README."""
    tree = checks.set_up(session, NEWEST, "test")
    # They also import the collection's own code.
    env = {"PYTHONPATH": os.pathsep.join([str(CHECKOUT / "tests"), str(tree)])}
    session.run("python", "-m", "benchmarks", *session.posargs, env=env)


@nox.session(python=NEWEST.python, default=False)
def changelog(session: nox.Session) -> None:
    """Write CHANGELOG.rst from the fragments, for the version in galaxy.yml."""
    checks.set_up(session, NEWEST, "docs")
    session.run("antsibull-changelog", "release")


@nox.session(python=NEWEST.python, default=False)
def demo(session: nox.Session) -> None:
    """Run the demo: a playbook against an emulator of Service Catalog; arguments after `--` go to ansible-playbook."""
    checks.set_up(session, NEWEST)
    held.close()
    session.run("python", ".ci/demo.py", *session.posargs)


@nox.session(python=NEWEST.python, default=False)
def emulator(session: nox.Session) -> None:
    """Run the emulator until Ctrl-C; arguments after `--` are passed to it."""
    tree = checks.set_up(session, NEWEST)
    command = [f"{session.bin}/python", "-m", "emulator", *session.posargs]
    os.execve(command[0], command, {**os.environ, **checks.settings(tree)})


@nox.session(python=NEWEST.python, default=False)
def env(session: nox.Session) -> None:
    """Print settings for a shell that runs Ansible with this collection: eval "$(make -s env)"."""
    found = {
        **checks.settings(checks.set_up(session, NEWEST)),
        "PATH": os.pathsep.join([session.bin, *os.get_exec_path()]),
    }
    sys.stdout.writelines(f"export {name}={shlex.quote(value)}\n" for name, value in found.items())

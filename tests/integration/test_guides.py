# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands and YAML of the README and the guides, run in a folder with the guides' files."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest
import yaml
from awx import Awx
from emulator import Emulator
from emulator.world import DEMO

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs" / "docsite" / "rst"
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("roles/*/*.md"), *GUIDES.glob("*.rst")})
README, USER_GUIDE, ASSUMPTIONS = ROOT / "README.md", GUIDES / "guide_user.rst", GUIDES / "guide_assumptions.rst"
# These install something, or need a container engine; test_execution_environment.py has the image's definition.
NOT_RUN = ("ansible-builder", "ansible-galaxy", "make", "pip", "podman")
BLOCK = re.compile(r"^\.\. code-block:: (\w+)\n((?: +:.*\n)*)\n((?:    .*\n|\n)+)", re.MULTILINE)
FENCE = re.compile(r"^```(\w+)()\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> Iterator[tuple[str, str, str]]:
    """Yield each code block of a page as language, caption and body."""
    found = (FENCE if page.suffix == ".md" else BLOCK).findall(page.read_text(encoding="utf-8"))
    for language, options, body in found:
        caption = re.search(r":caption: (\S+)", options)
        yield language, caption[1] if caption else "", textwrap.dedent(body)


def commands(*pages: Path) -> list[tuple[str, ...]]:
    """Return the Ansible commands of pages without duplicates and without those that build or install."""
    shown = [
        body.replace("\\\n", " ")
        for page in pages
        for language, _caption, body in blocks(page)
        if language == "console"
    ]
    lines = "".join(shown).splitlines()
    words = [tuple(shlex.split(line[1:], comments=True)) for line in lines if line.startswith("$ ansible")]
    return [each for each in dict.fromkeys(words) if each[0] not in ("ansible-builder", "ansible-galaxy")]


@pytest.fixture
def databases(emulator: Emulator) -> None:
    """Reset the emulator to the two databases of the demo world that accept any action."""
    world = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    world["provisioned_products"] = world["provisioned_products"][:2]
    emulator.reset(world)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_yaml_of_a_page_is_valid(page: Path) -> None:
    found = [body for language, _caption, body in blocks(page) if language == "yaml"]
    assert all(yaml.safe_load(body) for body in found)
    assert len(re.findall(r"(?:code-block:: |^```)yaml", page.read_text(encoding="utf-8"), re.MULTILINE)) == len(found)


@pytest.mark.parametrize("page", [README, USER_GUIDE], ids=lambda page: page.name)
@pytest.mark.usefixtures("databases")
def test_the_tasks_of_a_page_run(play: Callable[..., Any], page: Path) -> None:
    contents = [yaml.safe_load(body) for language, _caption, body in blocks(page) if language == "yaml"]
    tasks = [item for content in contents if isinstance(content, list) for item in content if "hosts" not in item]
    assert tasks
    done = play(yaml.safe_dump(tasks, sort_keys=False))
    assert done.code == 0, done.output
    assert "[WARNING]" not in done.output


@pytest.mark.parametrize(
    "command", commands(README, USER_GUIDE, ASSUMPTIONS), ids=lambda command: " ".join(command[:3])
)
@pytest.mark.usefixtures("databases")
def test_a_command_runs(run: Callable[..., Any], command: tuple[str, ...]) -> None:
    done = run(*command)
    assert done.code == 0, done.output


def write_files(page: Path, folder: Path) -> dict[str, str]:
    """Write the files of a page, which are its blocks with captions, and return them by name."""
    files = {caption: body for _language, caption, body in blocks(page) if caption}
    for name, body in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(body)
    return files


def run_commands(page: Path, run: Callable[..., Any], awx: Awx) -> None:
    """Run every command of a page in the order of the text; the stand-in takes the place of the page's AWX."""
    exported: dict[str, str] = {}
    shown = "".join(body for language, _caption, body in blocks(page) if language == "console")
    lines = [line for line in shown.replace("\\\n", " ").splitlines() if line]
    assert lines
    assert all(line.startswith("$ ") for line in lines)
    for words in (shlex.split(line[2:]) for line in lines):
        if words[0] == "export":
            exported.update(word.split("=", 1) for word in words[1:])
            # There are no profiles here.
            exported.pop("AWS_PROFILE", None)
        elif words[0] not in NOT_RUN:
            done = run(*words, **{"ANSIBLE_FORCE_COLOR": "0", **exported, **awx.environment})
            assert done.code == 0, f"{shlex.join(words)}\n{done.output}"


@pytest.mark.parametrize("guide", ["guide_quick_start", "guide_fleets", "guide_playbooks"])
def test_the_commands_of_a_guide_run_with_its_files(
    run: Callable[..., Any], awx: Awx, tmp_path: Path, guide: str
) -> None:
    page = GUIDES / f"{guide}.rst"
    write_files(page, tmp_path)
    run_commands(page, run, awx)


def test_the_steps_of_the_awx_guide_lead_to_jobs(
    run: Callable[..., Any], awx: Awx, emulator: Emulator, tmp_path: Path
) -> None:
    page = GUIDES / "guide_awx.rst"
    files = write_files(page, tmp_path)
    # The project has exactly these.
    playbooks = [name for name, body in files.items() if "import_playbook:" in body]
    inventories = [name for name, body in files.items() if body.startswith("plugin:")]
    awx.all("projects")["Operations"].update(playbooks=playbooks, inventory_files=inventories)
    run_commands(page, run, awx)
    assert {path.split("/")[2] for _method, path in awx.server.requests} == {"v2", "controller"}

    def launch(name: str, *inventory: str, **answers: str) -> str:
        job = awx.launch(name, answers)
        assert not job.ignored_vars
        (tmp_path / "extravars").write_text(job.extra_vars)
        done = run("ansible-playbook", *inventory, job.playbook, "-e", "@extravars", **job.environment)
        assert done.code == 0, done.output
        return str(done.output)

    change = {"run_service_action_change_id": "CHG-4711"}
    # The guide shows the name of this task.
    shown = next(body for _language, _caption, body in blocks(page) if body.startswith("TASK ["))
    assert " ".join(shown.split()) in launch("orders-db - Backup", answer_Tables="customers", **change)
    launch("Database v1.0 - Restart", provisioned_product_name="billing-db", **change)
    source = awx.update_inventory("Databases").path
    limited = ("-i", source, "--limit", "orders-db:&region_us_east_1")
    launch("Databases - Run a service action", *limited, service_action_name="Restart", **change)
    assert len(emulator.records()) == 3
    # An update with the choices of the survey as they are changes nothing.
    awx.all("credentials")["Controller"]["inputs"] = {
        "host": awx.environment["CONTROLLER_HOST"],
        "oauth_token": awx.environment["CONTROLLER_OAUTH_TOKEN"],
    }
    assert "changed=0 " in launch("orders-db - Update job templates")
    done = run("ansible-playbook", "check_slices.yml", "-e", '{"run_service_action_7_failed_hosts": ["orders-db"]}')
    assert "not started on orders-db." in " ".join(done.output.split())


def test_the_awx_guide_shows_the_message_of_ansible_for_a_slice_without_a_host_of_the_limit(
    run: Callable[..., Any], emulator: Emulator
) -> None:
    (shown,) = re.findall(r"``(Specified inventory.*?)``", (GUIDES / "guide_awx.rst").read_text(encoding="utf-8"))
    arguments = ("-i", "web,", "--limit", "orders-db", "-e", "service_action_name=Restart")
    done = run("ansible-playbook", "selfservice.aws.bulk_service_action", *arguments)
    assert done.code == 1
    assert shown in " ".join(done.output.split())
    assert not emulator.calls()

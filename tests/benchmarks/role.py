# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role on a thousand hosts in one batch, compared with what Ansible itself costs on as many."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from emulator import Control

from .bulk import BULK
from .figures import Figure, Finding
from .processes import ansible, emulator, fleet, listed, run

HOSTS = 1000
ROLE = "selfservice.aws.run_service_action"


def measure() -> Iterator[Finding]:
    """Run the playbook for fleets, and a play that imports the role, once each after the play without it."""
    with emulator(fleet(HOSTS, seconds=1.0)) as control:
        ids = listed(control)
        bare = _cpu_of(control, ids, _bare_play(ids))
        playbook = {"import_playbook": "selfservice.aws.bulk_service_action", "vars": {"service_action_id": "act-1"}}
        with_playbook = _cpu_of(control, ids, playbook)
        imported = {"ansible.builtin.import_role": {"name": ROLE}}
        own = {"hosts": "all", "gather_facts": False, "vars": {"run_service_action_service_action_id": "act-1"}}
        with_role = _cpu_of(control, ids, {**own, "tasks": [imported]})
    yield Figure(
        f"{HOSTS:,} hosts in one batch: CPU of the playbook bulk_service_action over a play with two trivial tasks on "
        "each host and the bulk task",
        with_playbook / bare,
        "times",
        bound=2.0,
        remark="CPU of ansible-playbook and all its processes; the trivial tasks are ansible.builtin.debug",
    )
    yield Figure(
        "The same of a play that imports the role, with Ansible's validation of its options",
        with_role / bare,
        "times",
        remark="Ansible validates in one more task on each host; the playbook skips it with rolespec_validate: false, "
        "since the role checks its options itself",
    )


def _bare_play(ids: list[str]) -> dict[str, Any]:
    bulk = {
        f"selfservice.aws.{BULK}": {"provisioned_product_ids": ids, "service_action_id": "act-1"},
        "delegate_to": "localhost",
        "run_once": True,
    }
    before, after = ({"ansible.builtin.debug": {"msg": text}} for text in ("before", "after"))
    return {"hosts": "all", "gather_facts": False, "tasks": [before, bulk, after]}


def _cpu_of(control: Control, ids: list[str], play: dict[str, Any]) -> float:
    """Return the CPU seconds of a play on one host for each provisioned product."""
    control.reset()
    hosts = {f"host-{number}": {"provisioned_product_id": each} for number, each in enumerate(ids)}
    with tempfile.TemporaryDirectory() as folder:
        inventory, file = Path(folder) / "hosts.json", Path(folder) / "play.yml"
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
        file.write_text(json.dumps([play]))
        usage = run([ansible("ansible-playbook"), "-i", str(inventory), str(file)], control)
    assert len(control.records()) == len(ids)
    return usage.cpu

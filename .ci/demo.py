# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the demo's playbook against an emulator of its own; arguments go to ansible-playbook."""

from __future__ import annotations

import os
import subprocess
import sys

from emulator import Emulator
from emulator.environment import ENVIRONMENT

if __name__ == "__main__":
    # Four times as fast as real time, so that the demo ends within 20 seconds.
    with Emulator(clock="real", speed=4) as emulator:
        print(f"Running playbooks/demo.yml against an emulator of AWS Service Catalog at {emulator.url}", flush=True)
        command = ["ansible-playbook", "selfservice.aws.demo", *sys.argv[1:]]
        env = {**os.environ, **ENVIRONMENT, "AWS_ENDPOINT_URL": emulator.url}
        sys.exit(subprocess.run(command, check=False, env=env).returncode)

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A local Service Catalog endpoint for tests, the demo and users' own playbooks."""

from __future__ import annotations

from .client import Control, ControlError, Emulator, EmulatorClock

__all__ = ["Control", "ControlError", "Emulator", "EmulatorClock"]

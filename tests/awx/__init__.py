# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the part of AWX' API that awx.awx calls for job templates, which refuses what AWX would refuse."""

from __future__ import annotations

from .jobs import Job
from .server import Awx

__all__ = ["Awx", "Job"]

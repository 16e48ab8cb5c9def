# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fake of the part of AWX's API that awx.awx calls for job templates; it rejects what AWX rejects."""

from __future__ import annotations

from .jobs import Job
from .server import Awx

__all__ = ["Awx", "Job"]

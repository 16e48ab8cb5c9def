# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""antsibull-nox' checks, as antsibull-nox.toml says; `make lint` runs those that need no network."""

from __future__ import annotations

import antsibull_nox

antsibull_nox.load_antsibull_nox_toml()

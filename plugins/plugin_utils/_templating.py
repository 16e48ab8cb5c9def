# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Protect values from templating."""

from __future__ import annotations

from typing import Any, Callable

from ansible import template


def _never_templated() -> Callable[[Any], Any]:
    """Return a function that marks a value so that Ansible does not template it."""
    if hasattr(template, "trust_as_template"):
        # Since ansible-core 2.19, only strings marked as trusted are templated, and these values are not.
        return lambda value: value
    from ansible.utils.unsafe_proxy import wrap_var

    return wrap_var


never_templated = _never_templated()

# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files with which Sphinx builds the documentation without a network: conf.py, and an inventory of Ansible's pages."""

from __future__ import annotations

import zlib
from pathlib import Path

CONF = """\
project = "selfservice.aws"
extensions = ["sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
default_role = "any"
highlight_language = "YAML+Jinja"
html_copy_source = False
html_show_sphinx = False
html_theme = "sphinx_ansible_theme"
html_use_index = False
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/projects/ansible/devel/", "ansible.inv")}
pygments_style = "ansible"
"""
# The labels of Ansible's own documentation that the pages refer to.
LABELS = {
    "action_plugins": ("plugins/action.html", "Action plugins"),
    "ansible_configuration_settings": ("reference_appendices/config.html", "Ansible Configuration Settings"),
    "callback_plugins": ("plugins/callback.html", "Callback plugins"),
    "common_return_values": ("reference_appendices/common_return_values.html", "Return Values"),
}
VARIABLES = ("ANSIBLE_DEBUG", *(f"ANSIBLE_CACHE_PLUGIN{end}" for end in ("", "_CONNECTION", "_PREFIX", "_TIMEOUT")))


def prepare(source: Path) -> None:
    """Write conf.py and ansible.inv, one of Sphinx's inventories (version 2), into a folder."""
    head = "# Sphinx inventory version 2\n# Project: ansible\n# Version: devel\n# zlib compresses the remainder.\n"
    lines = [f"{label} std:label -1 {page} {title}\n" for label, (page, title) in LABELS.items()]
    lines += [f"{name} std:envvar 1 reference_appendices/config.html#envvar-$ -\n" for name in VARIABLES]
    (source / "conf.py").write_text(CONF, encoding="utf-8")
    (source / "ansible.inv").write_bytes(head.encode() + zlib.compress("".join(lines).encode()))

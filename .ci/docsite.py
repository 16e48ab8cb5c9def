# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the HTML documentation; whatever Sphinx warns of is an error."""

from __future__ import annotations

import shutil
import zlib

from console import run, say
from release import prepare_release, release_env
from setup import Workshop, build_folder, locked

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
# What the pages refer to in Ansible's own documentation, by page. Listed, since builds ask no network.
LABELS = {
    "ansible_configuration_settings": ("reference_appendices/config.html", "Ansible Configuration Settings"),
    "callback_plugins": ("plugins/callback.html", "Callback plugins"),
    "common_return_values": ("reference_appendices/common_return_values.html", "Return Values"),
}
VARIABLES = (
    "ANSIBLE_CACHE_PLUGIN",
    "ANSIBLE_CACHE_PLUGIN_CONNECTION",
    "ANSIBLE_CACHE_PLUGIN_PREFIX",
    "ANSIBLE_CACHE_PLUGIN_TIMEOUT",
    "ANSIBLE_DEBUG",
)


def build_docsite(workshop: Workshop) -> None:
    """Write the site to the build tree, with a page for each plugin, role and guide, and one for the changelog."""
    copy = prepare_release(workshop)
    env = release_env(workshop, copy)
    folder = build_folder() / "docs"
    source, site = folder / "rst", folder / "html"
    with locked(folder.name):
        shutil.rmtree(folder, ignore_errors=True)
        # antsibull-docs wants it writable for its user only.
        source.mkdir(mode=0o755, parents=True)
        options = ["--use-current", "--squash-hierarchy", "--fail-on-error", "--dest-dir", str(source)]
        run(workshop.tool("antsibull-docs"), "collection", *options, "selfservice.aws", env=env, cwd=copy)
        (source / "conf.py").write_text(CONF, encoding="utf-8")
        (source / "ansible.inv").write_bytes(_inventory())
        run(workshop.tool("sphinx-build"), "-n", "-q", "-W", "--keep-going", source, site, env=env, cwd=folder)
    say(f"          {site / 'index.html'}")


def _inventory() -> bytes:
    """Return labels and variables as one of Sphinx' inventories, version 2."""
    head = "# Sphinx inventory version 2\n# Project: ansible\n# Version: devel\n# zlib compresses the remainder.\n"
    lines = [f"{label} std:label -1 {page} {title}\n" for label, (page, title) in LABELS.items()]
    lines += [f"{name} std:envvar 1 reference_appendices/config.html#envvar-$ -\n" for name in VARIABLES]
    return head.encode() + zlib.compress("".join(lines).encode())

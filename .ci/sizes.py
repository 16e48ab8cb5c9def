# Copyright (c) 2026, selfservice.aws contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hold the house's sizes: no function over 40 lines, no file over 250, documentation blocks apart."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FUNCTION_LINES = 40
FILE_LINES = 250
FOLDERS = (".ci", "plugins", "tests/awx", "tests/emulator")
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}


def oversized(file: Path) -> Iterator[str]:
    """Yield a line for each thing in a file that is too long."""
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    documentation = sum(_lines(node) for node in ast.walk(tree) if _is_documentation(node))
    if (lines := len(text.splitlines()) - documentation) > FILE_LINES:
        yield f"{file}: {lines} lines, at most {FILE_LINES}"
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and (lines := _lines(node)) > FUNCTION_LINES:
            yield f"{file}:{node.lineno}: {node.name} has {lines} lines, at most {FUNCTION_LINES}"


def _is_documentation(node: ast.AST) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id in DOCUMENTATION for target in node.targets
    )


def _lines(node: ast.AST) -> int:
    assert isinstance(node, ast.stmt)
    return (node.end_lineno or node.lineno) - node.lineno + 1


if __name__ == "__main__":
    found = [line for folder in FOLDERS for file in sorted(Path(folder).rglob("*.py")) for line in oversized(file)]
    sys.stdout.writelines(f"{line}\n" for line in found)
    sys.exit(bool(found))

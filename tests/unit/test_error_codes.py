"""Each error that is raised on purpose has a code, and each code an entry in the runbook."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import connector
from connector.error_codes import ErrorCode
from connector.runbook import CHAPTERS, ENTRIES

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(connector.__file__).parent
TOLD_AT_EACH_SITE = {"AccessError", "RetriableError", "LedgerError", "ToleranceExceededError", "failed"}
"""What differs too much for the code of the class, which is there for plug-ins."""
TOLD_BY_WHAT_IT_HOLDS = {"ConfigError", "RecordError", "BatchError", "RetriesExhaustedError", "LedgerError"}
"""Problems have codes, stages have codes; or the class hands over its code itself."""


@cache
def modules() -> dict[str, ast.Module]:
    """What ships and runs, by path."""
    found = {path.relative_to(SOURCE): path for path in SOURCE.rglob("*.py")}
    return {
        str(name): ast.parse(path.read_text())
        for name, path in found.items()
        if name.parts[0] not in {"testing", "demo"}
    }


def calls() -> Iterator[tuple[str, ast.Call]]:
    for name, module in modules().items():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield f"{name}:{node.lineno}", node


def classes() -> Iterator[ast.ClassDef]:
    for module in modules().values():
        yield from (node for node in ast.walk(module) if isinstance(node, ast.ClassDef))


def test_whoever_raises_an_error_gives_it_a_code() -> None:
    bare = [
        where
        for where, call in calls()
        if isinstance(call.func, ast.Name)
        and call.func.id in TOLD_AT_EACH_SITE
        and "code" not in {keyword.arg for keyword in call.keywords}
    ]
    assert not bare


def test_every_class_of_errors_has_a_code() -> None:
    bases = {node.name: {base.id for base in node.bases if isinstance(base, ast.Name)} for node in classes()}
    coded = {
        node.name
        for node in classes()
        if any(ast.unparse(line).startswith("code = ErrorCode.") for line in node.body)
    }
    ours = _and_what_derives_from({"ConnectorError"}, bases)
    assert len(ours) > 25
    told = _and_what_derives_from(coded | TOLD_BY_WHAT_IT_HOLDS | TOLD_AT_EACH_SITE, bases)
    assert ours - told == {"ConnectorError"}


def _and_what_derives_from(roots: set[str], bases: dict[str, set[str]]) -> set[str]:
    found = set(roots)
    while more := {name for name, theirs in bases.items() if theirs & found} - found:
        found |= more
    return found


def test_every_code_is_raised_somewhere() -> None:
    used = {
        node.attr
        for name, module in modules().items()
        if not name.startswith(("error_codes", "runbook"))
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "ErrorCode"
    }
    assert {code.name for code in ErrorCode} - used == set()


def test_every_code_has_one_entry_that_says_what_to_do() -> None:
    entries = [entry for chapter in CHAPTERS.values() for entry in chapter]
    assert sorted(entry.code for entry in entries) == sorted(ErrorCode)
    for entry in entries:
        assert all((entry.title, entry.seen, entry.meaning, entry.loss)), entry.code
        assert entry.remedy.endswith("."), entry.code
        assert "\n" not in entry.seen + entry.remedy, entry.code


def test_codes_are_words_that_can_be_searched_for_and_linked_to() -> None:
    assert [code for code in ErrorCode if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", code)] == []


def test_codes_that_an_entry_points_to_exist() -> None:
    named = {code for entry in ENTRIES.values() for code in re.findall(r"`(\w+(?:-\w+)+)`", entry.remedy)}
    assert not {name for name in named if name.startswith(("aws-", "s3-", "ledger-"))} - set(ErrorCode)

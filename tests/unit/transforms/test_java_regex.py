"""Java's regular expressions in Python; test_transform_oracle.py holds them against Java."""

from __future__ import annotations

import pytest

from connector.java_regex import compile_java, compile_replacement
from connector.transforms.regex_router import RegexRouterConfig


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        (r"[a-z&&[^aeiou]]+", "xyz", "xaz"),
        (r"[a-c[x-z]]+", "axz", "m"),
        (r"[\w&&[^_]]+", "a1", "a_1"),
        (r"\Qa.b\E.*", "a.bc", "axbc"),
        (r"[\Q^]\E]+", "^]", "E"),
        (r"(?<t>\w)\k<t>", "aa", "ab"),
        (r"a(?i)b|c", "aB", "ac"),
        (r"(a(?i)b)c", "aBc", "aBC"),
        (r"\p{Upper}\P{Upper}*", "Ab1", "AB"),
        (r"[\p{Alnum}.-]++", "a-1.b", "a_b"),
        (r"\d+", "123", "١٢"),
        (r"[]x]+", "]x", "y"),
        (r"[a-]+", "a-", "b"),
        (r"[a&&]", "a", "&"),
        (r"\x{41}\u0042\0103", "ABC", "abc"),
        (r"(?>a|ab)c", "ac", "abc"),
        (r"\h\v?", "\t", "x"),
    ],
)
def test_what_python_writes_otherwise_means_the_same(pattern: str, matching: str, other: str) -> None:
    compiled = compile_java(pattern)
    assert compiled.fullmatch(matching)
    assert not compiled.fullmatch(other)


@pytest.mark.parametrize(
    "pattern",
    ["(", "[a", "*", r"\G", r"\X", "(?x)a b", r"\p{IsGreek}", r"\p{Nope}", "[z-a]", "[ä-ö]", "\\", r"\xZZ"],
)
def test_what_has_no_equal_or_is_wrong_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="Invalid regex: "):
        compile_java(pattern)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [("$1", "b"), ("$2", ""), ("${n}-$0", "b-ab"), (r"\$1\\", "$1\\"), ("$12", "b2"), ("x", "x")],
)
def test_replacements_name_groups_as_in_java(text: str, expanded: str) -> None:
    pattern = compile_java(r"a(?<n>b)(c)?")
    match = pattern.fullmatch("ab")
    assert match
    assert compile_replacement(text, pattern)(match) == expanded


@pytest.mark.parametrize("replacement", ["$3", "${x}", "$", "\\"])
def test_a_replacement_without_its_group_is_a_fault_of_the_config(replacement: str) -> None:
    (problem,) = RegexRouterConfig({"regex": "(a)", "replacement": replacement}).problems()
    assert problem.option == "replacement"

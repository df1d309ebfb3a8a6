import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jproperties import Properties

from connector.errors import ConfigError
from connector.properties import parse_properties, read_properties

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def parse(text: str) -> dict[str, str]:
    return parse_properties(text, source="worker.properties")


@given(st.dictionaries(TEXT, TEXT, max_size=5), st.sampled_from(["utf-8", "iso-8859-1"]))
def test_what_is_written_as_properties_reads_the_same(written: dict[str, str], encoding: str) -> None:
    properties = Properties()
    properties.properties = written
    stored = io.BytesIO()
    properties.store(stored, encoding=encoding, timestamp=False)
    assert parse(stored.getvalue().decode(encoding)) == written


def test_separators_continuations_comments_and_escapes_are_those_of_java() -> None:
    text = "# c\n! c\n a = 1\nb:2\nc 3\nd\ne=x,\\\n   y\\\n#z\nf=C\\:\\\\t\nh=\\u00e9\\uD83D\\uDE80\n"
    assert parse(text) == {
        "a": "1", "b": "2", "c": "3", "d": "", "e": "x,y#z", "f": "C:\\t", "h": "é🚀",
    }  # fmt: skip


def test_a_property_given_twice_counts_as_written_last() -> None:
    assert parse("a=1\na=2") == {"a": "2"}


@pytest.mark.parametrize("comment", ["#:", "#: = x", "#:a\\u12", "!:=", "#"])
def test_comments_that_jproperties_takes_for_metadata_are_only_comments(comment: str) -> None:
    assert parse(f"{comment}\nb=1") == {"b": "1"}


@pytest.mark.parametrize("value", [r"\uhidden", r"\ud83d", r"\ud83dhidden", r"\ud83d\uZZZZ", r"\udc00"])
def test_a_broken_escape_names_its_place_and_not_its_value(value: str) -> None:
    with pytest.raises(ConfigError) as raised:
        parse(f"a=1\nsasl.password={value}")
    message = str(raised.value)
    assert "Line 2" in message
    assert "hidden" not in message
    assert "ZZZZ" not in message


def test_files_are_read_as_utf_8_with_or_without_mark_or_else_as_java_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "worker.properties"
    for data in ("a=é".encode(), "\ufeffa=é".encode(), "a=é".encode("latin-1")):
        path.write_bytes(data)
        assert read_properties(path) == {"a": "é"}

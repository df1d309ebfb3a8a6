from pathlib import Path

import pytest

from connector.errors import ConfigError
from connector.textfile import read_text


def fault(path: Path) -> str:
    with pytest.raises(ConfigError) as raised:
        read_text(path)
    assert str(path) in str(raised.value)
    return raised.value.problems[0].message


def test_an_absent_file_is_said_to_be_absent(tmp_path: Path) -> None:
    assert "no such file" in fault(tmp_path / "absent.json")


def test_a_directory_is_said_to_be_one(tmp_path: Path) -> None:
    assert "directory" in fault(tmp_path)


@pytest.mark.parametrize("data", [b"", b" \n\t\n"])
def test_a_file_without_content_is_said_to_be_empty(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.json").write_bytes(data)
    assert "empty" in fault(tmp_path / "a.json")


def test_an_unreadable_file_names_who_may_not_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_: object) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    assert "user that runs the worker" in fault(tmp_path / "a.json")


def test_other_encodings_are_refused_by_line_without_quoting_them(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'{\n"p": "\xe9secret"}')
    assert "line 2" in fault(path)
    assert "e9" not in fault(path)
    path.write_bytes('{"a": 1}'.encode("utf-16"))
    assert "UTF-16" in fault(path)
    path.write_bytes(b'{"a": "\0"}')
    assert "not text" in fault(path)


def test_a_loop_of_links_is_an_error_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "loop"
    path.symlink_to(path)
    assert "cannot be read" in fault(path)

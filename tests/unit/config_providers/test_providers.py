"""The three providers that Kafka ships, on real files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from connector.config_providers.base import ConfigProvider, UnavailableError
from connector.config_providers.directory import DirectoryConfigProvider
from connector.config_providers.environment import EnvVarConfigProvider
from connector.config_providers.file import FileConfigProvider

if TYPE_CHECKING:
    from pathlib import Path


def get(provider: ConfigProvider, path: object, *keys: str) -> dict[str, str]:
    return dict(provider.get(str(path), frozenset(keys)))


def refused(provider: ConfigProvider, path: object, *keys: str) -> str:
    with pytest.raises(UnavailableError) as error:
        get(provider, path, *keys)
    assert "s3cret" not in str(error.value)
    return str(error.value)


def file_provider(**params: str) -> FileConfigProvider:
    return FileConfigProvider(FileConfigProvider.config_class.parse(dotted(params)))


def directory_provider(**params: str) -> DirectoryConfigProvider:
    return DirectoryConfigProvider(DirectoryConfigProvider.config_class.parse(dotted(params)))


def dotted(params: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "."): value for name, value in params.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "allowed"
    folder.mkdir()
    (folder / "keys.properties").write_text("# of the lake\npassword = s3cret\nöst=\\u00e5\nempty=\n")
    (folder / "token").write_text("s3cret\n")
    (tmp_path / "outside.properties").write_text("password=s3cret\n")
    return folder


def test_a_property_of_a_file_is_read_anew_each_time(folder: Path) -> None:
    path = folder / "keys.properties"
    found = get(file_provider(), path, "password", "öst", "empty", "absent")
    assert found == {"password": "s3cret", "öst": "å", "empty": ""}
    path.write_text("password=rotated")
    assert get(file_provider(), path, "password") == {"password": "rotated"}


@pytest.mark.parametrize("content", ["one\n", "one\r\n", "one"])
def test_a_file_of_a_folder_is_a_value_without_the_line_end_that_echo_adds(
    folder: Path, content: str
) -> None:
    (folder / "token").write_bytes(content.encode())
    assert get(directory_provider(), folder, "token") == {"token": "one"}


def test_only_one_line_end_goes(folder: Path) -> None:
    (folder / "pem").write_text("a\nb\n\n")
    assert get(directory_provider(), folder, "pem") == {"pem": "a\nb\n"}


@pytest.mark.parametrize("key", ["../outside.properties", "..", ".", "", "a/b"])
def test_a_key_of_a_folder_is_the_name_of_a_file(folder: Path, key: str) -> None:
    assert "no name of a file" in refused(directory_provider(), folder, key)


def test_a_secret_mounted_by_kubernetes_is_within_its_folder(folder: Path) -> None:
    """The names there are links to ..data, which is a link to a folder with a date."""
    (folder / "..2026_01").mkdir()
    (folder / "..2026_01" / "password").write_text("s3cret")
    (folder / "..data").symlink_to("..2026_01")
    (folder / "password").symlink_to("..data/password")
    assert get(directory_provider(allowed_paths=str(folder)), folder, "password") == {"password": "s3cret"}


def test_what_is_below_an_allowed_path_is_read_also_if_that_is_a_link(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    provider = file_provider(allowed_paths=f"{tmp_path / 'outside.properties'},{link}")
    assert get(provider, folder / "keys.properties", "password")
    assert get(provider, link / "keys.properties", "password")
    assert get(provider, tmp_path / "outside.properties", "password")


def test_what_is_outside_is_refused_however_it_is_written(folder: Path, tmp_path: Path) -> None:
    (folder / "escape").symlink_to(tmp_path / "outside.properties")
    (folder / "up").symlink_to(tmp_path)
    beside = tmp_path / "allowed-not"
    beside.mkdir()
    (beside / "keys").write_text("password=s3cret")
    for path in (
        tmp_path / "outside.properties",
        f"{folder}/../outside.properties",
        folder / "escape",
        folder / "up" / "outside.properties",
        beside / "keys",
    ):
        assert "outside of allowed.paths" in refused(
            file_provider(allowed_paths=str(folder)), path, "password"
        )
    directory = directory_provider(allowed_paths=str(folder))
    assert "outside of allowed.paths" in refused(directory, folder, "escape")
    assert "outside of allowed.paths" in refused(directory, tmp_path, "outside.properties")
    assert "outside of allowed.paths" in refused(directory, folder / "up", "outside.properties")


def test_what_cannot_be_read_is_refused_with_what_to_do(folder: Path) -> None:
    provider = file_provider()
    os.mkfifo(folder / "pipe")
    (folder / "latin").write_bytes(b"password=s3cret\xff")
    (folder / "large").write_bytes(b"a=" + b"x" * 2**20)
    (folder / "escape").write_text("password=s3cret\\u12")
    (folder / "loop").symlink_to(folder / "loop")
    assert "there is no file" in refused(provider, folder / "nothing", "a")
    assert "no regular file" in refused(provider, folder / "pipe", "a")
    assert "cannot" in refused(provider, folder, "a") or "no regular" in refused(provider, folder, "a")
    assert "not UTF-8" in refused(provider, folder / "latin", "password")
    assert "more than 1048576 bytes" in refused(provider, folder / "large", "a")
    assert "Line 1" in refused(provider, folder / "escape", "password")
    assert "cannot" in refused(provider, folder / "loop", "a")
    assert "no absolute path" in refused(provider, "keys.properties", "a")
    assert "there is no path" in refused(provider, "", "a")
    assert "there is no folder" in refused(directory_provider(), folder / "token", "a")


def test_variables_are_read_if_their_names_are_allowed() -> None:
    environ = {"LAKE_KEY": "s3cret", "OTHER": "s3cret"}
    config = EnvVarConfigProvider.config_class
    assert get(EnvVarConfigProvider(config.parse({}), environ), "", "OTHER", "ABSENT") == {"OTHER": "s3cret"}
    strict = EnvVarConfigProvider(config.parse({"allowlist.pattern": "^LAKE_"}), environ)
    assert get(strict, "", "LAKE_KEY") == {"LAKE_KEY": "s3cret"}
    assert "does not allow OTHER" in refused(strict, "", "OTHER", "LAKE_KEY")
    assert "no path" in refused(strict, "a", "LAKE_KEY")

"""The directory of connections: private, whole after any crash, and one writer at a time."""

from __future__ import annotations

import datetime as dt
import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from connector.aws.definition import Definition
from connector.aws.named import NamedConnection
from connector.cluster import connections
from connector.cluster.connections import ConnectionDirectory
from connector.cluster.defaults import Defaults, connection_store
from connector.cluster.refusal import (
    ConnectionChangedError,
    ConnectionExistsError,
    ConnectionLimitError,
    ConnectionRefusal,
    ConnectionsTimedOutError,
    ConnectionStoreError,
    UnknownConnectionError,
)
from connector.errors import ConfigError
from connector.settings import WorkerSettings

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "s3cret-canary"


def named(name: str = "lake", **fields: str) -> NamedConnection:
    definition = Definition(name, {"aws.secret.access.key": SECRET}, **fields)  # type: ignore[arg-type]
    return NamedConnection.new(definition, dt.datetime.now(dt.UTC))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "made" / "connections"


@pytest.fixture
def store(folder: Path) -> ConnectionDirectory:
    directory = ConnectionDirectory(folder, lock_seconds=0.2)
    directory.prepare()
    return directory


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_stored_comes_back_as_it_was(store: ConnectionDirectory, folder: Path) -> None:
    connection = named(description="große 🚀")
    store.create(connection)
    assert store.read("lake") == connection
    assert ConnectionDirectory(folder).all().connections == (connection,)


@pytest.mark.parametrize(
    "name", ["a/b", "..", ".", "100%", "größe 🚀", "\\", "x" * 255, "🚀" * 255, "CON", "-rf", "a.json"]
)
def test_any_name_makes_a_file_within_the_directory(
    store: ConnectionDirectory, folder: Path, name: str
) -> None:
    store.create(named(name))
    assert store.read(name).name == name
    assert len([path for path in folder.iterdir() if path.suffix == ".json"]) == 1
    store.delete(name)
    assert store.all().connections == ()


def test_names_that_differ_in_case_or_in_what_a_slug_drops_are_different(store: ConnectionDirectory) -> None:
    for name in ("lake", "Lake", "lake!", "lake?"):
        store.create(named(name))
    assert len(store.all().connections) == 4


def test_only_the_owner_can_read_whatever_the_umask_is(folder: Path) -> None:
    before = os.umask(0)
    try:
        store = ConnectionDirectory(folder)
        store.prepare()
        store.create(named())
    finally:
        os.umask(before)
    assert mode(folder) == 0o700
    assert {mode(path) for path in folder.iterdir()} == {0o600}


def test_a_crash_between_write_and_rename_leaves_the_former_connection(
    store: ConnectionDirectory, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = named()
    store.create(first)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    second = replace(first, version=2)
    with monkeypatch.context() as patched:
        patched.setattr("pathlib.Path.replace", crash)
        with pytest.raises(KeyboardInterrupt):
            store.replace(second, 1)
    (left_over,) = folder.glob("*.new")
    left_over.chmod(0o644)
    again = ConnectionDirectory(folder)
    assert again.all().connections == (first,)
    again.replace(replace(first, version=2), 1)
    assert again.read("lake").version == 2
    assert not list(folder.glob("*.new"))
    assert {mode(path) for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize(
    "damage", [b"", b"{", b'{"definition": {"name": "lake"}}', b"\xff\xfe", b"[]", b"null"]
)
def test_a_damaged_file_is_named_and_the_others_still_work(
    store: ConnectionDirectory, folder: Path, damage: bytes
) -> None:
    store.create(named("lake"))
    (path,) = folder.glob("*.json")
    store.create(named("other"))
    path.write_bytes(damage)
    with pytest.raises(ConnectionStoreError, match=f"{path.name} is damaged"):
        store.read("lake")
    listing = store.all()
    assert [connection.name for connection in listing.connections] == ["other"]
    assert [found.where for found in listing.damaged] == [str(path)]
    with pytest.raises(ConnectionExistsError):
        store.create(named("lake"))
    store.delete("lake")
    store.create(named("lake"))


def test_a_damaged_file_is_never_quoted(store: ConnectionDirectory, folder: Path) -> None:
    store.create(named())
    (path,) = folder.glob("*.json")
    text = path.read_text()
    for cut in range(0, len(text), 7):
        path.write_text(text[:cut] + "§" + text[cut:])
        try:
            store.read("lake")
        except ConnectionRefusal as error:
            assert SECRET not in str(error)  # noqa: PT017
            assert error.__cause__ is None  # noqa: PT017


def test_a_file_under_a_foreign_name_is_refused(store: ConnectionDirectory, folder: Path) -> None:
    store.create(named())
    (path,) = folder.glob("*.json")
    (folder / "copy.json").write_bytes(path.read_bytes())
    listing = store.all()
    assert len(listing.connections) == len(listing.damaged) == 1


def test_writers_do_not_overwrite_what_they_have_not_seen(store: ConnectionDirectory) -> None:
    first = named()
    store.create(first)
    store.replace(replace(first, version=2), 1)
    with pytest.raises(ConnectionChangedError):
        store.replace(replace(first, version=2, reason="mine"), 1)
    assert store.read("lake").reason is None
    with pytest.raises(UnknownConnectionError):
        store.replace(named("nobody"), 1)
    with pytest.raises(UnknownConnectionError):
        store.delete("nobody")


def test_of_many_writers_at_once_one_creates(folder: Path) -> None:
    ConnectionDirectory(folder).prepare()

    def create(_: int) -> bool:
        try:
            ConnectionDirectory(folder).create(named())
        except ConnectionExistsError:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(create, range(32))) == 1


def test_of_many_writers_at_once_each_version_has_one(folder: Path) -> None:
    store = ConnectionDirectory(folder)
    store.prepare()
    store.create(named())

    def raise_version(_: int) -> int:
        while True:
            found = ConnectionDirectory(folder).read("lake")
            try:
                ConnectionDirectory(folder).replace(replace(found, version=found.version + 1), found.version)
            except ConnectionChangedError:
                continue
            return found.version

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(raise_version, range(24))) == list(range(1, 25))


def test_a_turn_that_does_not_come_is_told(store: ConnectionDirectory) -> None:
    with store._lock(), pytest.raises(ConnectionsTimedOutError):
        store.create(named())
    store.create(named())


def test_there_is_a_most(store: ConnectionDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 2)
    store.create(named("a"))
    store.create(named("b"))
    with pytest.raises(ConnectionLimitError):
        store.create(named("c"))


def test_a_directory_that_cannot_be_used_is_a_fault_of_its_property(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"aws\.connections\.directory"):
        ConnectionDirectory(tmp_path / "file" / "sub").prepare()


# ---- what connectors see of it ----


def settings(folder: Path, roles: str = "") -> WorkerSettings:
    return WorkerSettings.load(
        None,
        {
            "CONNECT_BOOTSTRAP_SERVERS": "k:1",
            "CONNECT_AWS_CONNECTIONS_DIRECTORY": str(folder),
            "CONNECT_WORKER_ROLES": roles,
        },
    )


def test_an_unknown_connection_is_a_fault_with_the_name_that_was_probably_meant(
    store: ConnectionDirectory, folder: Path
) -> None:
    store.create(named("warehouse"))
    worker = Defaults(settings(folder), connection_store(settings(folder)))
    with pytest.raises(ConfigError, match=r'aws\.connection: .* warehose\. Did you mean "warehouse"'):
        worker.aws_connection("warehose")


def test_a_directory_that_is_not_there_yet_holds_no_connection(tmp_path: Path) -> None:
    nowhere = settings(tmp_path / "nothing")
    with pytest.raises(ConfigError, match="There is no connection"):
        Defaults(nowhere, connection_store(nowhere)).aws_connection("x")


def test_the_roles_of_the_worker_decide(store: ConnectionDirectory, folder: Path) -> None:
    store.create(NamedConnection.new(Definition("a", required_roles=("dmz",)), dt.datetime.now(dt.UTC)))
    without, with_role = settings(folder), settings(folder, "big, dmz")
    assert Defaults(with_role, connection_store(with_role)).aws_connection("a").name == "a"
    with pytest.raises(ConfigError, match="roles dmz"):
        Defaults(without, connection_store(without)).aws_connection("a")


def test_the_outcome_about_a_deleted_connection_does_not_replace_a_new_one_of_its_name(
    store: ConnectionDirectory,
) -> None:
    deleted, anew = named(), named(description="anew")
    store.create(deleted)
    store.delete("lake")
    store.create(anew)
    with pytest.raises(ConnectionChangedError):
        store.replace(deleted.to_be_validated(), deleted.version)
    assert store.read("lake") == anew


def test_what_a_crash_left_is_deleted_with_the_connection(store: ConnectionDirectory, folder: Path) -> None:
    store.create(named())
    (path,) = folder.glob("*.json")
    path.with_suffix(".new").write_text(SECRET)
    store.delete("lake")
    assert [found for found in folder.iterdir() if SECRET in found.read_text()] == []


def test_a_directory_that_cannot_be_written_refuses_a_deletion_as_well(
    store: ConnectionDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    store.create(named())
    monkeypatch.setattr("pathlib.Path.unlink", refuse)
    with pytest.raises(ConnectionStoreError, match="cannot be used: Permission denied"):
        store.delete("lake")

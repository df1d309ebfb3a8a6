"""Operations on named connections: what they answer, refuse, and leave behind."""

from __future__ import annotations

import asyncio
import datetime as dt
import threading
from typing import TYPE_CHECKING, Any

import pytest

from connector.aws.definition import Definition
from connector.aws.named import NamedConnection, Status
from connector.check import failed, ok, warning
from connector.cluster import connection_service
from connector.cluster.connection_service import ConnectionService, Filter
from connector.cluster.connections import ConnectionDirectory
from connector.cluster.refusal import (
    ConnectionExistsError,
    ConnectionInUseError,
    ConnectionsTimedOutError,
    UnknownConnectionError,
)
from connector.errors import AccessError, ConfigError, RetriableError
from connector.testing.connections import PRINCIPAL, ScriptedAws, ScriptedUsers

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

ROLE = {"aws.sts.role.arn": "arn:aws:iam::123456789012:role/r"}
LAKE = {"name": "lake", "options": ROLE}


@pytest.fixture
def store(tmp_path: Path) -> ConnectionDirectory:
    return ConnectionDirectory(tmp_path)


@pytest.fixture
async def aws() -> ScriptedAws:
    return ScriptedAws()


@pytest.fixture
def users() -> ScriptedUsers:
    return ScriptedUsers()


@pytest.fixture
async def service(
    store: ConnectionDirectory, aws: ScriptedAws, users: ScriptedUsers
) -> AsyncIterator[ConnectionService]:
    service = ConnectionService(
        store, users, examination=aws.examination(), wait_seconds=60, give_up_seconds=120
    )
    yield service
    await service.stop()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_validated_connection_is_ready_and_knows_the_principal(service: ConnectionService) -> None:
    connection, is_new = await service.create(LAKE)
    assert is_new
    assert (connection.status, connection.principal) == (Status.READY, PRINCIPAL)
    assert connection.validated is not None
    assert await service.show("lake") == connection


async def test_the_role_is_asked_for_with_the_generated_external_id(
    service: ConnectionService, aws: ScriptedAws
) -> None:
    connection, _ = await service.create(LAKE)
    assert [identity.external_id for identity in aws.asked] == [connection.external_id]


async def test_without_validation_aws_is_not_asked(service: ConnectionService, aws: ScriptedAws) -> None:
    connection, _ = await service.create(LAKE, validate=False)
    assert (connection.status, connection.validated, aws.asked) == (Status.READY, None, [])


async def test_a_refused_connection_is_kept_with_the_reason_and_the_principal_to_trust(
    service: ConnectionService, aws: ScriptedAws
) -> None:
    aws.errors = [AccessError("the role does not trust you")]
    connection, _ = await service.create(LAKE)
    assert connection.status is Status.FAILED
    assert connection.reason == "the role does not trust you"
    assert connection.principal == PRINCIPAL
    assert (await service.validate("lake")).status is Status.READY


async def test_a_passing_fault_of_aws_is_no_failure(service: ConnectionService, aws: ScriptedAws) -> None:
    aws.errors = [RetriableError("not now"), RetriableError("not now")]
    assert (await service.create(LAKE))[0].status is Status.READY


async def test_a_validation_goes_on_after_the_call(
    store: ConnectionDirectory, aws: ScriptedAws, users: ScriptedUsers
) -> None:
    service = ConnectionService(store, users, examination=aws.examination(), wait_seconds=0.01)
    aws.answers.clear()
    connection, _ = await service.create(LAKE)
    assert connection.status is Status.IN_PROGRESS
    aws.answers.set()
    await until(lambda: store.read("lake").status is Status.READY)
    await service.stop()


async def test_a_validation_that_aws_never_answers_fails_in_the_end(
    store: ConnectionDirectory, aws: ScriptedAws, users: ScriptedUsers
) -> None:
    service = ConnectionService(store, users, examination=aws.examination(), give_up_seconds=0.01)
    aws.answers.clear()
    connection, _ = await service.create(LAKE)
    assert connection.status is Status.FAILED
    assert "AWS could not be asked" in str(connection.reason)
    await service.stop()


async def test_a_validation_that_the_workers_end_cuts_short_goes_on_with_its_next_start(
    store: ConnectionDirectory, aws: ScriptedAws, users: ScriptedUsers
) -> None:
    first = ConnectionService(store, users, examination=aws.examination(), wait_seconds=0.01)
    aws.answers.clear()
    await first.create(LAKE)
    await first.stop()
    assert store.read("lake").status is Status.IN_PROGRESS
    aws.answers.set()
    second = ConnectionService(store, users, examination=aws.examination())
    await second.start()
    await until(lambda: store.read("lake").status is Status.READY)
    await second.stop()


def outcomes(service: ConnectionService, connection: NamedConnection) -> dict[str, str]:
    return {step.name: step.outcome.value for step in service.checks(connection)}


async def test_steps_that_are_over_are_seen_while_others_are_under_way(
    store: ConnectionDirectory, aws: ScriptedAws, users: ScriptedUsers
) -> None:
    service = ConnectionService(store, users, examination=aws.examination(), wait_seconds=0.05)
    aws.answers.clear()
    connection, _ = await service.create(LAKE)
    await until(lambda: aws.asked)
    assert connection.status is Status.IN_PROGRESS
    assert outcomes(service, connection) == {"first": "ok"}
    aws.answers.set()
    await until(lambda: store.read("lake").status is Status.READY)
    assert outcomes(service, store.read("lake")) == {"first": "ok", "the role": "ok"}
    await service.stop()


async def test_a_failed_step_is_the_reason_and_says_what_to_do(
    service: ConnectionService, aws: ScriptedAws
) -> None:
    aws.finding = failed("the role says no", "ask its owner")
    connection, _ = await service.create(LAKE)
    assert (connection.status, connection.reason) == (Status.FAILED, "the role says no: ask its owner")
    assert [step.remedy for step in service.checks(connection)] == ["", "ask its owner"]


async def test_a_warning_is_kept_and_no_failure(service: ConnectionService, aws: ScriptedAws) -> None:
    aws.finding = warning("anybody can assume it", "add a condition")
    connection, _ = await service.create(LAKE)
    assert (connection.status, connection.reason) == (Status.READY, None)
    assert outcomes(service, connection)["the role"] == "warning"


async def test_what_may_pass_by_itself_is_tried_until_it_has(
    service: ConnectionService, aws: ScriptedAws
) -> None:
    aws.finding = failed("the network is down", "wait", may_pass=True)
    creating = asyncio.create_task(service.create(LAKE))
    await until(lambda: len(aws.asked) > 1)
    now = await service.show("lake")
    assert (now.status, outcomes(service, now)["the role"]) == (Status.IN_PROGRESS, "failed")
    aws.finding = ok("it is up")
    connection, _ = await creating
    assert connection.status is Status.READY
    assert outcomes(service, connection) == {"first": "ok", "the role": "ok"}


async def test_what_does_not_pass_in_time_is_the_reason(
    store: ConnectionDirectory, aws: ScriptedAws, users: ScriptedUsers
) -> None:
    service = ConnectionService(store, users, examination=aws.examination(), give_up_seconds=0.3)
    aws.finding = failed("the network is down", "wait", may_pass=True)
    connection, _ = await service.create(LAKE)
    assert connection.reason == "AWS could not be asked for 0.3 s: the network is down: wait"
    await service.stop()


async def test_steps_are_those_of_the_connection_as_it_is(
    service: ConnectionService, store: ConnectionDirectory
) -> None:
    first, _ = await service.create(LAKE)
    assert outcomes(service, first)
    second = await service.update("lake", {"options": ROLE}, validate=False)
    assert outcomes(service, second) == {}
    await service.delete("lake")
    third, _ = await service.create(LAKE, validate=False)
    assert (third.version, outcomes(service, third)) == (first.version, {})
    validated = await service.validate("lake")
    by_another_worker = validated.refused("no", None)
    store.replace(by_another_worker, validated.version)
    assert outcomes(service, await service.show("lake")) == {}


async def test_a_store_without_sts_is_not_asked_for_one(store: ConnectionDirectory) -> None:
    """Its keys are unknown to AWS, which would refuse them."""
    service = ConnectionService(store, ScriptedUsers())
    keys = {"aws.access.key.id": "minio-user", "aws.secret.access.key": "minio-secret"}
    options = {**keys, "aws.s3.endpoint": "http://127.0.0.1:1"}
    connection, _ = await service.create({"name": "minio", "options": options})
    assert connection.status is Status.READY
    found = outcomes(service, connection)
    assert (found["STS endpoint"], found["credentials"], found["caller identity"]) == (
        "skipped",
        "ok",
        "skipped",
    )
    await service.stop()


async def test_an_outcome_about_a_former_definition_is_dropped(
    service: ConnectionService, store: ConnectionDirectory, aws: ScriptedAws
) -> None:
    aws.answers.clear()
    creating = asyncio.create_task(service.create(LAKE))
    await until(lambda: aws.asked or (store.all().connections and service._validations._running))
    found = store.read("lake")
    store.replace(
        found.redefined(Definition("lake", ROLE), dt.datetime.now(dt.UTC), Status.IN_PROGRESS), found.version
    )
    aws.answers.set()
    connection, _ = await creating
    assert (connection.version, connection.status) == (2, Status.IN_PROGRESS)


async def test_a_name_is_taken_once(service: ConnectionService) -> None:
    first, _ = await service.create(LAKE, validate=False)
    with pytest.raises(ConnectionExistsError):
        await service.create(LAKE)
    changed = {"name": "lake", "description": "another"}
    assert await service.create(changed, if_not_exists=True) == (first, False)


async def test_an_update_keeps_the_external_id_and_hidden_secrets(service: ConnectionService) -> None:
    keys = {"aws.access.key.id": "AKIAEXAMPLE", "aws.secret.access.key": "s3cret"}
    first, _ = await service.create({"name": "lake", "options": {**keys, **ROLE}})
    shown = {"options": first.shown_options(), "description": "new"}
    second = await service.update("lake", shown)
    assert second.definition.options == {**keys, **ROLE}
    assert (second.external_id, second.version) == (first.external_id, 2)
    assert second.definition.description == "new"


@pytest.mark.parametrize("validate", [True, False])
async def test_an_update_is_picked_up_by_one_connector_after_the_other(
    service: ConnectionService, users: ScriptedUsers, validate: bool
) -> None:
    await service.create(LAKE)
    users.connection, users.versions, users.current = "lake", {"a": 1, "b": 1, "c": 2}, 2
    await service.update("lake", {"options": ROLE}, validate=validate)
    await until(lambda: set(users.versions.values()) == {2})
    assert users.picked_up == ["a", "b"], "c runs with it already"


async def test_an_update_that_aws_refuses_is_picked_up_only_when_it_no_longer_does(
    service: ConnectionService, users: ScriptedUsers, aws: ScriptedAws
) -> None:
    await service.create(LAKE)
    users.connection, users.versions, users.current = "lake", {"a": 1}, 2
    aws.errors = [AccessError("no")]
    assert (await service.update("lake", {"options": ROLE})).status is Status.FAILED
    await asyncio.sleep(0.05)
    assert users.picked_up == []
    await service.validate("lake")
    await until(lambda: users.picked_up == ["a"])


async def test_an_update_that_does_not_fit_a_connector_changes_nothing(
    service: ConnectionService, users: ScriptedUsers
) -> None:
    first, _ = await service.create(LAKE)
    users.connection, users.versions, users.unfit = "lake", {"a": 1}, "contradicts connector a"
    with pytest.raises(ConfigError, match="contradicts connector a"):
        await service.update("lake", {"options": {}})
    assert await service.show("lake") == first


async def test_a_validation_alone_restarts_nobody(service: ConnectionService, users: ScriptedUsers) -> None:
    await service.create(LAKE)
    users.connection, users.versions = "lake", {"a": 1}
    await service.validate("lake")
    await asyncio.sleep(0.05)
    assert users.picked_up == []


async def test_a_connection_in_use_is_not_deleted_and_its_users_are_named(
    service: ConnectionService, users: ScriptedUsers
) -> None:
    await service.create(LAKE)
    users.connection, users.versions = "lake", {"orders": 1}
    with pytest.raises(ConnectionInUseError, match=r"orders \(2 tasks\)"):
        await service.delete("lake")
    assert [user.connector for user in await service.usage("lake")] == ["orders"]
    users.versions = {}
    await service.delete("lake")
    with pytest.raises(UnknownConnectionError):
        await service.show("lake")


async def test_what_is_not_there_is_told_by_every_operation(service: ConnectionService) -> None:
    for operation in (service.show, service.delete, service.validate, service.usage, service.policy):
        with pytest.raises(UnknownConnectionError, match="Connection nobody not found"):
            await operation("nobody")
    with pytest.raises(UnknownConnectionError):
        await service.update("nobody", {})


async def test_a_store_that_hangs_is_a_timeout(
    service: ConnectionService, store: ConnectionDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over = threading.Event()
    monkeypatch.setattr(connection_service, "STORE_SECONDS", 0.01)
    monkeypatch.setattr(store, "all", lambda: is_over.wait(60))
    with pytest.raises(ConnectionsTimedOutError):
        await service.listing(Filter())
    is_over.set()


@pytest.mark.parametrize(
    ("only", "names"),
    [
        (Filter(), ["Lake", "pond"]),
        (Filter(name="LAK"), ["Lake"]),
        (Filter(tags=["team"]), ["Lake", "pond"]),
        (Filter(tags=["team=data", "a=b=c"]), ["Lake"]),
        (Filter(tags=["team=dat"]), []),
        (Filter(match_criteria=["prod", "eu"]), ["pond"]),
        (Filter(status=Status.FAILED), []),
        (Filter(status=Status.READY, name="o"), ["pond"]),
    ],
)
async def test_lists_are_filtered(service: ConnectionService, only: Filter, names: list[str]) -> None:
    lake: dict[str, Any] = {"name": "Lake", "tags": {"team": "data", "a=b": "c"}, "match_criteria": ["prod"]}
    pond: dict[str, Any] = {"name": "pond", "tags": {"team": "ops"}, "match_criteria": ["prod", "eu"]}
    for document in (lake, pond):
        await service.create(document, validate=False)
    assert [connection.name for connection in (await service.listing(only)).connections] == names


async def test_the_policy_asks_for_the_external_id_and_names_the_principal(
    service: ConnectionService,
) -> None:
    connection, _ = await service.create(LAKE, validate=False)
    policy = await service.policy("lake")
    (statement,) = policy.document["Statement"]
    assert statement["Principal"] == {"AWS": PRINCIPAL}
    assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": connection.external_id}}


async def test_the_policy_lets_the_worker_do_all_that_the_connection_asks_for(
    service: ConnectionService,
) -> None:
    more = {"aws.sts.role.session.tags": "team=data", "aws.sts.role.source.identity": "jane"}
    await service.create({"name": "lake", "options": {**ROLE, **more}}, validate=False)
    statements = (await service.policy("lake")).document["Statement"]
    actions = [statement["Action"] for statement in statements]
    assert actions == ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]


async def test_a_connection_as_it_was_stored_before_its_external_id_was_needed_keeps_one(
    service: ConnectionService, store: ConnectionDirectory
) -> None:
    store.create(NamedConnection.new(Definition("plain"), dt.datetime.now(dt.UTC)))
    first = (await service.policy("plain")).external_id
    assert (await service.update("plain", {"options": ROLE})).external_id == first

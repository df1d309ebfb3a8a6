from __future__ import annotations

import datetime as dt

import pytest

from connector.aws import legal
from connector.aws.definition import Definition
from connector.aws.named import NamedConnection, Status
from connector.errors import ConfigError

NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
LATER = NOW + dt.timedelta(days=1)
ARN = "arn:aws:iam::123456789012:role/r"


def connection(name: str = "Lake", **options: str) -> NamedConnection:
    dotted = {key.replace("_", "."): value for key, value in options.items()}
    return NamedConnection.new(Definition(name, dotted), NOW)


@pytest.mark.parametrize("name", ["Lake", "größe 🚀", "///", "x" * 255])
def test_the_generated_external_id_is_legal_and_begins_legibly(name: str) -> None:
    found = connection(name).external_id
    legal.external_id(found)
    assert found.isascii()
    assert len(found) < 80
    assert connection("Lake North").external_id.startswith("lake-north-")


def test_every_connection_has_an_external_id_of_its_own() -> None:
    assert len({connection("a").external_id for _ in range(100)}) == 100


def test_the_external_id_stays_over_updates() -> None:
    first = connection()
    assert first.redefined(Definition("Lake"), LATER, Status.READY).external_id == first.external_id


def test_the_users_external_id_wins_and_the_generated_one_comes_back_without_it() -> None:
    first = connection()
    own = first.redefined(Definition("Lake", {"aws.sts.role.external.id": "mine"}), LATER, Status.READY)
    assert own.external_id == "mine"
    assert own.redefined(Definition("Lake"), LATER, Status.READY).external_id == first.external_id


def test_a_new_definition_forgets_what_aws_said_of_the_old_one() -> None:
    first = connection().accepted(NOW, "arn:aws:iam::123456789012:user/u")
    second = first.redefined(Definition("Lake"), LATER, Status.IN_PROGRESS)
    assert (second.version, second.updated, second.created) == (2, LATER, NOW)
    assert (second.validated, second.principal) == (None, None)


def test_only_workers_with_all_required_roles_may_use_it() -> None:
    found = NamedConnection.new(Definition("Lake", required_roles=("dmz", "big")), NOW)
    found.check_usable({"dmz", "big", "more"})
    with pytest.raises(ConfigError, match=r"aws\.connection: Lake .* the roles big: .*worker\.roles"):
        found.check_usable({"dmz"})
    connection().check_usable(())


def test_a_failed_connection_says_why_it_cannot_be_used() -> None:
    with pytest.raises(ConfigError, match="the role says no"):
        connection().refused("the role says no", None).check_usable(())
    connection().to_be_validated().check_usable(())


def test_no_secret_is_shown() -> None:
    found = connection(
        aws_access_key_id="AKIAEXAMPLE", aws_secret_access_key="s3cret", aws_session_token="${file:/t:k}"
    )
    shown = found.shown()
    assert shown["options"] == {
        "aws.access.key.id": "[hidden]",
        "aws.secret.access.key": "[hidden]",
        "aws.session.token": "${file:/t:k}",
    }
    assert "s3cret" not in repr(found)


def test_a_secret_that_aws_quotes_is_hidden_in_the_reason() -> None:
    found = connection(aws_secret_access_key="s3cret").refused("you sent s3cret!", None)
    assert found.reason == "you sent [hidden]!"

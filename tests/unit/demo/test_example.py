from __future__ import annotations

from connector.demo import example
from connector.demo.aws import Account, Keys

ACCOUNT = Account(
    role_arn="arn:aws:iam::123456789012:role/kafka-to-s3",
    external_id="demo-1",
    base=Keys("AKIABASE", "base-secret"),
    reader=Keys("AKIAREADER", "reader-secret"),
)


def test_only_what_differs_is_shown() -> None:
    overrides = example.connector_overrides(ACCOUNT, "http://127.0.0.1:1")
    shown = example.changes(example.connector_example(), overrides)
    assert [change.option for change in shown] == [
        "aws.sts.role.external.id",
        "aws.sts.config.endpoint",
        "aws.s3.endpoint",
        "aws.access.key.id",
        "aws.secret.access.key",
    ]


def test_keys_are_not_shown() -> None:
    overrides = example.connector_overrides(ACCOUNT, "http://127.0.0.1:1")
    shown = str(example.changes(example.connector_example(), overrides))
    assert "AKIABASE" not in shown
    assert "base-secret" not in shown


def test_keys_are_in_no_repr() -> None:
    assert "secret" not in repr(ACCOUNT).replace("secret=", "")

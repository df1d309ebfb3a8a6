"""How often a record may be delivered, and where what that takes is kept."""

from __future__ import annotations

from connector.config.option import STRING, Importance, defaulted, one_of
from connector.config.schema import Config

EXACTLY_ONCE, AT_LEAST_ONCE = "exactly-once", "at-least-once"

_MOST_CHARACTERS = 512


def _state_prefix(value: str) -> None:
    if not value.endswith("/"):
        raise ValueError("must end with a slash, so that it is a folder of its own")
    if len(value.encode()) > _MOST_CHARACTERS or value.startswith("/"):
        raise ValueError(f"must not begin with a slash, and have at most {_MOST_CHARACTERS} bytes")


class GuaranteeConfig(Config):
    """What is promised of delivery."""

    guarantee = defaulted(
        "delivery.guarantee",
        STRING,
        EXACTLY_ONCE,
        "exactly-once: every record is in one visible object, once, also after crashes; every object is a"
        " multipart upload, which is completed after the offset commit that announces it.\n"
        "at-least-once: small objects are single requests, and what was stored without a commit is stored"
        " again.",
        validate=one_of(EXACTLY_ONCE, AT_LEAST_ONCE, ignore_case=True),
        group="Delivery",
    )
    state_prefix = defaulted(
        "aws.s3.state.prefix",
        STRING,
        "_ledger/",
        "The folder of the bucket for state that Kafka has no room for: the beginnings of several unfinished"
        " objects at once. Readers such as Athena and Spark pass over names that begin with an underscore.",
        validate=_state_prefix,
        importance=Importance.LOW,
        group="Delivery",
    )

    @property
    def is_exactly_once(self) -> bool:
        return self.guarantee.lower() == EXACTLY_ONCE

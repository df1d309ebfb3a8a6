"""Which partition of AWS (aws, aws-cn, aws-us-gov, …) a config means; ARNs begin with it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import UnknownRegionError

from connector.aws.session import new_session

if TYPE_CHECKING:
    from connector.aws.connection import AwsConfig

_AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn")
_GLOBAL = "-global"


def partition(config: AwsConfig, endpoint: str | None = None) -> str:
    """The partition of the role, else of the AWS endpoint, else of the region.

    The role comes first, since credentials of one partition mean nothing in another (IAM user guide, IAM
    ARNs).

    Args:
        config: Names role and region.
        endpoint: Of the service, if the config gives one; that of an S3-compatible store tells nothing.
    """
    if config.sts_role_arn is not None:
        return of_arn(config.sts_role_arn)
    return (of_endpoint(endpoint) if endpoint else None) or of_region(config.region) or "aws"


def of_arn(arn: str) -> str:
    return arn.split(":")[1]


@cache
def of_region(region: str) -> str | None:
    """As botocore's list of partitions has it; None if it knows no such region."""
    if region.endswith(_GLOBAL):
        return region.removesuffix(_GLOBAL)
    try:
        name: str = new_session().get_partition_for_region(region)
    except UnknownRegionError:
        return None
    return name


def of_endpoint(endpoint: str) -> str | None:
    """By the region in the name of an AWS host, also in the old form ``s3-us-gov-west-1``."""
    region = region_of_endpoint(endpoint)
    return of_region(region) if region else None


def region_of_endpoint(endpoint: str) -> str | None:
    """The region in the name of an AWS host; None if it has none, or is no host of AWS."""
    host = _host(endpoint)
    if not host.endswith(_AWS_HOSTS):
        return None
    labels = (label.removeprefix("s3-") for label in host.split("."))
    return next(filter(of_region, labels), None)


def is_aws(endpoint: str) -> bool:
    """Whether a host of AWS answers there, not a compatible system."""
    return _host(endpoint).endswith(_AWS_HOSTS)


def _host(endpoint: str) -> str:
    return urlsplit(endpoint if "://" in endpoint else f"//{endpoint}").hostname or ""

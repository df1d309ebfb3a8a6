from __future__ import annotations

import pytest

from connector.aws.connection import AwsConfig
from connector.aws.partition import partition, region_of_endpoint


@pytest.mark.parametrize(
    ("options", "endpoint", "expected"),
    [
        ({}, None, "aws"),
        ({"aws.s3.region": "eu-north-1"}, None, "aws"),
        ({"aws.s3.region": "cn-northwest-1"}, None, "aws-cn"),
        ({"aws.s3.region": "us-gov-west-1"}, None, "aws-us-gov"),
        ({"aws.s3.region": "aws-cn-global"}, None, "aws-cn"),
        ({"aws.s3.region": "xx-nowhere-1"}, None, "aws"),
        ({}, "https://s3.cn-north-1.amazonaws.com.cn", "aws-cn"),
        ({}, "s3-us-gov-west-1.amazonaws.com", "aws-us-gov"),
        ({}, "https://s3-fips.dualstack.us-gov-east-1.amazonaws.com:443/", "aws-us-gov"),
        ({}, "https://cn-north-1.store.example", "aws"),
        ({"aws.s3.region": "cn-north-1"}, "https://store.example", "aws-cn"),
        ({"aws.sts.role.arn": "arn:aws-cn:iam::123456789012:role/r"}, None, "aws-cn"),
        (
            {"aws.sts.role.arn": "arn:aws-us-gov:iam::123456789012:role/r", "aws.s3.region": "eu-north-1"},
            "https://s3.cn-north-1.amazonaws.com.cn",
            "aws-us-gov",
        ),
    ],
)
def test_the_role_tells_the_partition_else_the_endpoint_else_the_region(
    options: dict[str, str], endpoint: str | None, expected: str
) -> None:
    assert partition(AwsConfig.parse(options), endpoint) == expected


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sts.eu-north-1.amazonaws.com", "eu-north-1"),
        ("sts.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("https://s3.dualstack.us-gov-west-1.amazonaws.com:443/", "us-gov-west-1"),
        ("https://sts.amazonaws.com", None),
        ("https://sts.eu-north-1.example.com", None),
    ],
)
def test_only_an_endpoint_of_aws_tells_its_region(url: str, region: str | None) -> None:
    assert region_of_endpoint(url) == region

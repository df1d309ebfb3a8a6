from __future__ import annotations

import pytest

from connector.aws.location import bucket_location


@pytest.mark.parametrize(
    ("url", "bucket", "region"),
    [
        ("https://lake.s3.eu-north-1.amazonaws.com", "lake", "eu-north-1"),
        ("https://lake.s3.eu-north-1.amazonaws.com/prefix/", "lake", "eu-north-1"),
        ("https://my.dotted.lake.s3.us-west-2.amazonaws.com", "my.dotted.lake", "us-west-2"),
        ("https://lake.s3.amazonaws.com", "lake", None),
        ("https://lake.s3-eu-west-1.amazonaws.com", "lake", "eu-west-1"),
        ("https://s3.eu-north-1.amazonaws.com/lake/prefix", "lake", "eu-north-1"),
        ("https://lake.s3.dualstack.eu-north-1.amazonaws.com", "lake", "eu-north-1"),
        ("https://lake.s3-fips.us-gov-west-1.amazonaws.com", "lake", "us-gov-west-1"),
        ("https://lake.s3-fips.dualstack.us-east-1.amazonaws.com", "lake", "us-east-1"),
        ("https://lake.s3.cn-north-1.amazonaws.com.cn", "lake", "cn-north-1"),
        ("s3://lake/prefix", "lake", None),
    ],
)
def test_a_bucket_url_tells_bucket_and_region(url: str, bucket: str, region: str | None) -> None:
    assert bucket_location(url) == (bucket, region)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/lake",
        "https://s3.eu-north-1.amazonaws.com",
        "https://s3.eu-north-1.amazonaws.com.evil.example/lake",
        "https://lake.s3.cn-north-1.amazonaws.com",
        "https://lake.s3.us-gov-west-1.amazonaws.com.cn",
        "ftp://lake.s3.amazonaws.com",
        "lake",
        "",
    ],
)
def test_any_other_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected for example https://lake"):
        bucket_location(url)


def test_a_login_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="must not hold a user"):
        bucket_location("https://me:canary@lake.s3.eu-north-1.amazonaws.com")

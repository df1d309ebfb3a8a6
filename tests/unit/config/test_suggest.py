import pytest

from connector.config.suggest import closest, did_you_mean

NAMES = ["aws.s3.bucket.name", "aws.s3.region", "file.max.records"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("aws.s3.bucket", "aws.s3.bucket.name"), ("aws.s3.regoin", "aws.s3.region"), ("bananas", None)],
)
def test_a_slip_of_the_pen_finds_the_name_that_was_meant(written: str, meant: str | None) -> None:
    assert closest(written, NAMES) == meant
    assert did_you_mean(written, NAMES) == (f' Did you mean "{meant}"?' if meant else "")

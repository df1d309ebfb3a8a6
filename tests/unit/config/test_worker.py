import pytest

from connector.config.worker import meaningless


@pytest.mark.parametrize(
    "name",
    ["group.id", "config.storage.topic", "config.storage.replication.factor", "plugin.path",
     "offset.storage.file.filename", "admin.listeners",
     "admin.ssl.protocol", "log4j.root.loglevel"],
)  # fmt: skip
def test_properties_of_kafka_connect_that_have_no_effect_are_known_with_the_reason(name: str) -> None:
    assert meaningless(name)


@pytest.mark.parametrize("name", ["grup.id", "bananas", "configprovider"])
def test_other_properties_are_not_known(name: str) -> None:
    assert meaningless(name) is None

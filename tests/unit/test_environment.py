import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.environment import connect_variables, property_name, variable_name


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("CONNECT_BOOTSTRAP_SERVERS", "bootstrap.servers"),
        ("CONNECT_KEY_CONVERTER_SCHEMAS_ENABLE", "key.converter.schemas.enable"),
        ("CONNECT_CONSUMER_SASL_JAAS_CONFIG", "consumer.sasl.jaas.config"),
        ("CONNECT_CONFIG_PROVIDERS_A__B_CLASS", "config.providers.a_b.class"),
        ("CONNECT_A___B", "a-b"),
    ],
)
def test_a_variable_sets_the_property_that_the_connect_images_set(variable: str, name: str) -> None:
    assert property_name(variable) == name
    assert variable_name(name) == variable


@given(st.from_regex(r"[a-z0-9]+([._-][a-z0-9]+){0,5}", fullmatch=True))
def test_every_property_has_a_variable_of_its_own(name: str) -> None:
    assert property_name(variable_name(name)) == name


def test_kubernetes_service_links_and_other_peoples_variables_are_left_alone() -> None:
    links = {
        "CONNECT_SERVICE_HOST": "10.0.0.1",
        "CONNECT_SERVICE_PORT": "8083",
        "CONNECT_SERVICE_PORT_REST": "8083",
        "CONNECT_PORT": "tcp://10.0.0.1:8083",
        "CONNECT_PORT_8083_TCP": "tcp://10.0.0.1:8083",
        "CONNECT_PORT_8083_TCP_ADDR": "10.0.0.1",
        "CONNECT_": "x",
        "KAFKA_HEAP_OPTS": "-Xmx1g",
    }
    assert connect_variables(links) == {}
    assert connect_variables({"CONNECT_REST_ADVERTISED_PORT": "80"}) == {"CONNECT_REST_ADVERTISED_PORT": "80"}

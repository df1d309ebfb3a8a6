"""Worker properties from environment variables, named as the well-known Connect images name them.

``CONNECT_`` and the property in upper case with its dots as underscores: ``CONNECT_BOOTSTRAP_SERVERS`` is
``bootstrap.servers``, ``CONNECT_KEY_CONVERTER_SCHEMAS_ENABLE`` is ``key.converter.schemas.enable``. Two
underscores stand for an underscore, three for a dash.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "CONNECT_"
WORKER_FILE = "CONNECTOR_WORKER_FILE"
"""The variable that names the worker's properties where a command line does not."""

_OTHERS = {
    "ADVERTISED_HOST_NAME": "rest.advertised.host.name",
    "ADVERTISED_PORT": "rest.advertised.port",
    "BOOTSTRAP_SERVERS": "bootstrap.servers",
    "CONFIG_STORAGE_TOPIC": "config.storage.topic",
    "GROUP_ID": "group.id",
    "KEY_CONVERTER": "key.converter",
    "OFFSET_FLUSH_INTERVAL_MS": "offset.flush.interval.ms",
    "OFFSET_FLUSH_TIMEOUT_MS": "offset.flush.timeout.ms",
    "SHUTDOWN_TIMEOUT": "task.shutdown.graceful.timeout.ms",
    "STATUS_STORAGE_TOPIC": "status.storage.topic",
    "VALUE_CONVERTER": "value.converter",
    "KAFKA_CONNECT_BOOTSTRAP_SERVERS": "bootstrap.servers",
}
"""What Debezium's image has without the prefix, and Strimzi's; too general to be taken for ours."""

_STANDS_FOR = {"_": ".", "__": "_", "___": "-"}
_SERVICE_LINK = re.compile(r"_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP)(_\w+)?$")


def property_name(variable: str) -> str:
    """The worker property that an environment variable sets."""
    return re.sub("_{1,3}", lambda run: _STANDS_FOR[run[0]], variable.removeprefix(PREFIX)).lower()


def variable_name(name: str) -> str:
    """The environment variable that sets a worker property."""
    back = {stands_for: run for run, stands_for in _STANDS_FOR.items()}
    return PREFIX + re.sub("[._-]", lambda found: back[found[0]], name).upper()


def connect_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables meant for the worker.

    Kubernetes puts CONNECT_SERVICE_HOST, CONNECT_PORT and the like beside them when a service is called
    ``connect``: those are nobody's settings.
    """
    return {
        variable: value
        for variable, value in environ.items()
        if variable.startswith(PREFIX)
        and variable != PREFIX
        and not _SERVICE_LINK.search(variable)
        and not value.startswith(("tcp://", "udp://"))
    }


def of_other_images(environ: Mapping[str, str]) -> dict[str, str]:
    """Properties that only a variable of another image sets, each with that variable."""
    return {
        name: variable
        for variable, name in _OTHERS.items()
        if environ.get(variable) and variable_name(name) not in environ
    }

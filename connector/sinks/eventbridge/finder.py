"""Is the bus there? EventBridge takes events for a bus that is not, and they vanish: so it is asked before.

aws/eventbridge-kafka-connector, issue 177: PutEvents answers with event ids, whatever the bus is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.aws.faults import DENIED, code_of
from connector.error_codes import ErrorCode
from connector.errors import AccessError, RetriableError
from connector.sinks.eventbridge.second import BECOMING, READY

if TYPE_CHECKING:
    from connector.aws.clients import AwsClient
    from connector.sinks.eventbridge.config import EventBridgeConfig

OPERATION = "DescribeEventBus"
_ABSENT = "ResourceNotFoundException"
UNNOTICED = (
    "EventBridge takes events for a bus that does not exist and drops them: a wrong name goes unnoticed"
)


async def find_bus(client: AwsClient, config: EventBridgeConfig, bus: str) -> AccessError | None:
    """Look for a bus, once.

    Returns:
        None if it is there; the denial if this identity may not know.

    Raises:
        AccessError: It is not there, or cannot be used.
        RetriableError: Nobody knows now.
    """
    name = {"EventBusArn": bus} if config.is_second else {"Name": bus}
    try:
        answer = await client.call_once(OPERATION, "describe_event_bus", bus, **name)
    except AccessError as error:
        if code_of(error) in DENIED:
            return error
        if code_of(error) == _ABSENT:
            raise AccessError(
                f"aws.eventbridge.bus: the event bus {bus} does not exist in {config.region}",
                remedy="create it, or correct aws.eventbridge.bus or the region",
                code=ErrorCode.EVENTBRIDGE_BUS_MISSING,
            ) from error
        raise
    state = answer.get("State", "ACTIVE")
    if state == BECOMING:
        raise RetriableError(
            f"the event bus {bus} is still being created", code=ErrorCode.DESTINATION_NOT_READY
        )
    if state not in READY:
        raise AccessError(
            f"aws.eventbridge.bus: the event bus {bus} is in the state {state}"
            f" ({answer.get('StateReason', 'no reason given')})",
            remedy="create it anew, or name another",
            code=ErrorCode.EVENTBRIDGE_BUS_MISSING,
        )
    return None

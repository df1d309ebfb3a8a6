"""The runbook: of every error code what is seen, what it means, whether anything is lost, and what to do."""

from connector.runbook.destinations import DESTINATIONS
from connector.runbook.entry import Entry
from connector.runbook.identity import IDENTITY
from connector.runbook.kafka import KAFKA
from connector.runbook.ledger import LEDGER
from connector.runbook.network import NETWORK
from connector.runbook.records import RECORDS
from connector.runbook.worker import WORKER

CHAPTERS = {
    "The worker": WORKER,
    "Kafka": KAFKA,
    "Records": RECORDS,
    "AWS: identity": IDENTITY,
    "AWS: requests and network": NETWORK,
    "Destinations": DESTINATIONS,
    "Exactly once": LEDGER,
}
ENTRIES = {entry.code: entry for chapter in CHAPTERS.values() for entry in chapter}

__all__ = ["CHAPTERS", "ENTRIES", "Entry"]

"""Confluent's options without an effect here, each with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.config.dialect import foreign
from connector.config.option import STRING
from connector.config.schema import Config

if TYPE_CHECKING:
    from connector.config.option import Option

IDLE = "Confluent: without effect"


def _idle(name: str, why: str) -> Option[str | None]:
    found: Option[str | None] = foreign(name, STRING, None, f"No effect: {why}.", group=IDLE)
    return found


class IdleOptions(Config):
    storage_class = _idle("storage.class", "objects go to S3")
    part_retries = _idle("s3.part.retries", "requests are repeated until they succeed or cannot")
    task_backoff = _idle("retry.backoff.ms", "requests are repeated, batches are not put again")
    shutdown_timeout = _idle("shutdown.timeout.ms", "task.shutdown.graceful.timeout.ms of the worker decides")
    write_duration = _idle("max.write.duration.ms", "a task polls while it writes")
    expect_continue = _idle("s3.http.send.expect.continue", "large bodies are announced")
    send_digest = _idle("s3.send.digest", "aws.s3.checksum.algorithm verifies every request")
    elastic_buffer = _idle("s3.elastic.buffer.enable", "buffers grow with what they hold")
    elastic_capacity = _idle("s3.elastic.buffer.init.capacity", "buffers grow with what they hold")
    conditional_writes = _idle("enable.conditional.writes", "commits in Kafka decide what becomes visible")
    scan_limit = _idle("max.files.scan.limit", "nothing looks for free names")
    most_open = _idle("partitioner.max.open.files", "file.max.open.objects bounds what a task keeps open")
    tagging_errors = _idle("s3.object.behavior.on.tagging.error", "tags are part of the object's own request")
    schema_cache = _idle("schemas.cache.config", "schemas are kept as long as they are used")
    enhanced_avro = _idle("enhanced.avro.schema.support", "names and enums of schemas are always kept")
    optional_keys = _idle("allow.optional.map.keys", "keys of maps may be optional")
    keys_format = _idle("keys.format.class", "there are no objects of keys")
    headers_format = _idle("headers.format.class", "there are no objects of headers")
    tombstones = _idle("tombstone.encoded.partition", "there are no objects of records without a value")
    license = _idle("confluent.license", "no licence of Confluent's is needed")
    schema_generator = _idle("schema.generator.class", "schemas of partitions are for Hive alone")

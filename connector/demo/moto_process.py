"""Run as a script: an AWS of moto that says its port on standard output and ends when standard input does.

A process of its own, since its import takes a second and a half that the embedded Kafka and the worker
need not wait for, and its requests would contend with the producer for one interpreter lock.
"""

import logging
import sys
import threading

from moto.kinesis.models import Shard
from moto.server import ThreadedMotoServer


def _one_at_a_time() -> None:
    """Of two requests that moto writes to one shard at once it may lose records (moto 5.2: `put_record`)."""
    lock = threading.Lock()
    put_record = Shard.put_record

    def locked(shard: Shard, partition_key: str, data: str, explicit_hash_key: str) -> str:
        with lock:
            return put_record(shard, partition_key, data, explicit_hash_key)

    Shard.put_record = locked  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    _one_at_a_time()
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    sys.stdout.write(f"{server.get_host_and_port()[1]}\n")
    sys.stdout.flush()
    # Nobody reads on; what is printed later must not fill the pipe.
    sys.stdout = sys.stderr
    sys.stdin.read()

"""Run as a script: an AWS of moto that says its port on standard output and ends when standard input does.

A process of its own, since its import takes a second and a half that the embedded Kafka and the worker
need not wait for, and its requests would contend with the producer for one interpreter lock.
"""

import logging
import sys

from moto.server import ThreadedMotoServer

if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    sys.stdout.write(f"{server.get_host_and_port()[1]}\n")
    sys.stdout.flush()
    # Nobody reads on; what is printed later must not fill the pipe.
    sys.stdout = sys.stderr
    sys.stdin.read()

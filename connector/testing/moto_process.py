"""Run as a script: a moto server that says its port on standard output, and ends when standard input does."""

import logging
import sys

from moto.server import ThreadedMotoServer

if __name__ == "__main__":
    # A line per request would cost a tenth of the server's speed.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    sys.stdout.write(f"{server.get_host_and_port()[1]}\n")
    sys.stdout.flush()
    # Nobody reads on; what moto prints later must not fill the pipe.
    sys.stdout = sys.stderr
    sys.stdin.read()

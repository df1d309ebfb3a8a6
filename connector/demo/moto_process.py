"""Run as a script: an AWS of moto that says its port on standard output and ends when standard input does.

A process of its own, since its import takes a second and a half that the embedded Kafka and the worker
need not wait for, and its requests would contend with the producer for one interpreter lock.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import threading
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server
from werkzeug.wsgi import ClosingIterator, get_input_stream

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def one_at_a_time(application: WSGIApplication) -> WSGIApplication:
    """Handle a request wholly before the next; only parts of uploads, and all bodies, are taken side by side.

    moto 5.2 looks and then acts, without a lock: of two requests at once it lost records of Kinesis, let
    two create the object that If-None-Match allows one of them, and showed objects without their metadata.
    """
    lock = threading.Lock()

    def handle(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if "partNumber=" in environ.get("QUERY_STRING", ""):
            return application(environ, start_response)  # most of all bytes, and no two are about the same
        body = get_input_stream(environ).read()
        with lock:
            answer = application(with_body(environ, body), start_response)
            with contextlib.closing(ClosingIterator(answer)) as pieces:
                return list(pieces)

    return handle


def with_body(environ: WSGIEnvironment, body: bytes) -> WSGIEnvironment:
    """The request with a body that is here already, whether its length was told before or not."""
    length = {"CONTENT_LENGTH": str(len(body))} if body or "CONTENT_LENGTH" in environ else {}
    return {**environ, **length, "wsgi.input": io.BytesIO(body)}


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = make_server(
        "127.0.0.1",
        0,
        one_at_a_time(DomainDispatcherApplication(create_backend_app)),
        threaded=True,
        request_handler=MotoRequestHandler,
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    # Nobody reads on; what is printed later must not fill the pipe.
    sys.stdout = sys.stderr
    sys.stdin.read()

"""The worker, its files, its commands and its REST API."""

from __future__ import annotations

from connector.error_codes import ErrorCode
from connector.runbook.entry import LOOKED, NOT_STARTED, READ_AGAIN, Entry

WORKER = (
    Entry(
        ErrorCode.CONFIG_INVALID,
        "options are missing, unknown or contradict each other",
        "2 configuration error(s) in orders.json: - aws.s3.bucket.name: …",
        "Each line names an option, what is wrong with it and what to write; they are all there are.",
        NOT_STARTED,
        "Change each option that is named, check with `connector validate FILE.json`, and start or submit again."
        " `connector describe s3` prints all options of a sink.",
        "s3-sink.md#options-of-the-sink",
    ),
    Entry(
        ErrorCode.CONFIG_REFERENCE_UNRESOLVED,
        "a reference such as ${file:…} stands for nothing",
        "aws.secret.access.key: ${file:/etc/keys:secret} cannot be resolved: there is no file /etc/keys: …",
        "A config provider could not read what an option refers to: the provider, the place or the key is not"
        " there, or may not be read. The values that it knew before are kept by connectors that run.",
        NOT_STARTED,
        "Look from the worker's machine, as its user, whether the file, variable or secret is there; then"
        " restart the connector.",
        "config-providers.md#when-they-are-read",
    ),
    Entry(
        ErrorCode.FILE_UNREADABLE,
        "a file that was named cannot be read",
        "/etc/connector/orders.json: There is no such file. Check the path, and whether the volume is mounted.",
        "The file is absent, a directory, empty, of another user, or no text in UTF-8.",
        NOT_STARTED,
        "Correct the path or the mount, let the worker's user (10001 in the image) read it, or save it as UTF-8.",
        "worker.md#in-a-container",
    ),
    Entry(
        ErrorCode.PLUGIN_UNUSABLE,
        "a class is not installed, or cannot be loaded",
        "Invalid value s4 for configuration connector.class: Class s4 could not be found. Installed here: …",
        "No installed package offers a plug-in of this name, or importing it fails.",
        NOT_STARTED,
        "Correct the name (`connector plugins` lists what is installed), or install the package that brings it"
        " into the worker's environment, on every worker, and restart them.",
        "plugins.md",
    ),
    Entry(
        ErrorCode.DIRECTORY_UNUSABLE,
        "a directory of the worker cannot be read or written",
        "connectors.directory: /var/lib/connector cannot be used (Permission denied): give the worker's user a"
        " directory of its own",
        "What REST changes is kept in `connectors.directory`, named connections in `aws.connections.directory`."
        " The directory belongs to somebody else, is on a read-only file system, or its disk is full.",
        "No record. A change that was answered with an error is not made: the connector is as it was before.",
        "Look with `ls -ld` and `df -h` (and `df -i`) at it. Free space, mount a volume that can be written, or"
        " change its owner; then repeat the change, or start the worker.",
        "rest.md#where-connectors-are-kept",
    ),
    Entry(
        ErrorCode.REST_PORT_UNAVAILABLE,
        "a listener of the REST API cannot be opened",
        "listeners: Cannot listen on http://0.0.0.0:8083: Address already in use. Free the port, or …",
        "Another process has the port, a port below 1024 is not allowed to this user, or the host is not an"
        " address of this machine.",
        NOT_STARTED,
        "Find who has the port with `ss -ltnp`, and end it if it is a worker that was left over; or choose"
        " another port in `listeners`.",
        "worker.md#rest",
    ),
    Entry(
        ErrorCode.REST_USERS_INVALID,
        "the file of REST users has a fault",
        "basic.alice: Write basic.NAME=ROLE:PASSWORD or bearer.NAME=ROLE:TOKEN; roles are viewer, …",
        "A line of `rest.users.file` is none that the worker understands, or nobody is in it.",
        NOT_STARTED,
        "Correct the line that is named. The worker does not start without: an API that lets nobody in, or"
        " everybody, would be worse.",
        "rest.md#who-may-ask",
    ),
    Entry(
        ErrorCode.REST_TLS_INVALID,
        "key or certificates of the REST API are of no use",
        "listeners.https.ssl.keystore.location: the certificate and its key cannot be used (…): give both in PEM",
        "The files are no PEM, belong to each other not, or the password is another one.",
        NOT_STARTED,
        "Give key and chain in PEM, the key in PKCS#8; `openssl pkcs12 -in STORE.p12 -out STORE.pem` makes PEM"
        " of a store of Java.",
        "rest.md#who-may-ask",
    ),
    Entry(
        ErrorCode.REQUEST_REFUSED,
        "the worker did not do what a request asked for",
        "Connector orders already exists",
        "An answer of the REST API, with its status: the request is at fault, another state is needed first,"
        " or the worker could not do it in time.",
        "Nothing: a request that is refused changes nothing. One that timed out may still happen: look first.",
        "Do what the message says. 409 during a rebalance: send the same again after a moment.",
        "rest.md",
    ),
    Entry(
        ErrorCode.WORKER_UNREACHABLE,
        "a command got no answer of a worker",
        "No answer from http://127.0.0.1:8083 (Connection refused): start the worker, or name another with --url.",
        "Nothing listens there, or something between drops what is sent.",
        LOOKED,
        "Name a worker with `--url`; look with `curl -s URL/health` whether it answers from this machine.",
        "worker.md#rest",
    ),
    Entry(
        ErrorCode.WORKER_REFUSED,
        "a worker said no to a command",
        "(the worker's own words)",
        "The command asked a running worker over REST, and printed its answer.",
        "Nothing: a request that is refused changes nothing.",
        "Do what the message says; with `rest.users.file` the command needs a user whose role is enough.",
        "rest.md#who-may-ask",
    ),
    Entry(
        ErrorCode.CHECK_TOO_LATE,
        "a step of a check did not end in time",
        "no answer within 10 s",
        "Whatever the step asked kept silent: a firewall or proxy that holds requests, or a slow service.",
        LOOKED,
        "Repeat with `connector aws check --timeout 60`. If that is silent, too, allow outbound traffic to the"
        " endpoint of the step.",
        "aws-check.md",
    ),
    Entry(
        ErrorCode.UNEXPECTED,
        "something happened that nobody foresaw",
        "KeyError: 'x' (below a Python traceback)",
        "An error that no part of the worker raises on purpose: a fault of the worker, of a plug-in or of a"
        " library.",
        READ_AGAIN,
        "Restart the task once (`POST /connectors/NAME/restart?includeTasks=true&onlyFailed=true`). If it fails"
        " again, report the trace; it holds no secret that came by reference. If the trace names a plug-in,"
        " report it there.",
        "distributed.md#tasks-that-fail",
    ),
)

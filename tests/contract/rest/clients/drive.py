"""Evaluates what comes in, line by line, with a client of Kafka Connect; tells each result in a line of JSON."""

import json
import sys

client_of, url = sys.argv[1:]
if client_of == "kafka-connect-py":
    from kafka_connect import KafkaConnect

    client = KafkaConnect(url)
elif client_of == "kafka-connect-api":
    from kafka_connect_api.kafka_connect_api import Api, Cluster, Connector  # noqa: F401 - for what is evaluated

    client = Cluster(Api(url=url))
else:
    from kafkaconnect.connect import Connect

    client = Connect(url)

answers, sys.stdout = sys.stdout, sys.stderr  # clients print
for line in sys.stdin:
    try:
        code = json.loads(line)
        told = {"result": eval(code)}
    except Exception as error:  # noqa: BLE001 - whatever the client raises is its answer
        told = {"error": type(error).__name__, "text": str(error)}
    print(json.dumps(told, default=str), file=answers, flush=True)

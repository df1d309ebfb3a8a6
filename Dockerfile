# The worker as an image: wheels are built in the first stage, the second has Python and the worker alone.
#
#   docker build -t kafka-aws-connector .
#   docker run --read-only -p 127.0.0.1:8083:8083 -e CONNECT_BOOTSTRAP_SERVERS=broker:9092 \
#       -v ./connectors:/etc/connector/connectors:ro kafka-aws-connector
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# What is pinned changes seldom, so it comes before the sources and its layers stay cached.
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python -m venv /opt/build \
    && /opt/build/bin/python -m pip install --require-hashes --requirement requirements/build.txt \
    && python -m venv --without-pip /opt/connector \
    && python -m pip --python /opt/connector/bin/python install --only-binary :all: \
        --require-hashes --requirement requirements/runtime.txt

COPY pyproject.toml README.md LICENSE ./
COPY connector connector
RUN /opt/build/bin/python -m hatchling build --target wheel --directory /wheels \
    && python -m pip --python /opt/connector/bin/python install --no-deps --no-index /wheels/*.whl \
    && /opt/connector/bin/python -m compileall -q /opt/connector/lib

FROM python:3.13-slim
LABEL org.opencontainers.image.title="kafka-aws-connector" \
    org.opencontainers.image.description="A Kafka Connect-style sink worker that delivers Kafka records to AWS" \
    org.opencontainers.image.licenses="Apache-2.0"

# The base image brings pip; a worker has no use for it, and an intruder would.
RUN python -m pip uninstall --yes --root-user-action ignore pip \
    && rm -rf /usr/local/lib/python3.*/ensurepip \
    && groupadd --gid 10001 connector \
    && useradd --uid 10001 --gid connector --no-create-home --shell /usr/sbin/nologin connector \
    && mkdir -p /etc/connector/connectors

COPY --from=build /opt/connector /opt/connector

# Nothing is written to the file system: run it read-only. The REST API has no authentication and listens on
# loopback elsewhere; in a container that would be out of reach, so here it listens on every interface of the
# container. Publish the port to those only who may read configs and metrics.
ENV PATH=/opt/connector/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CONNECT_LISTENERS=http://0.0.0.0:8083 \
    CONNECT_LOG_FORMAT=json
USER 10001:10001
WORKDIR /etc/connector
EXPOSE 8083
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8083/health', timeout=4)"]
ENTRYPOINT ["connector"]
# '-': worker properties come from CONNECT_… variables alone; the connectors are the files of the folder.
CMD ["standalone", "-", "/etc/connector/connectors"]

# syntax=docker/dockerfile:1
# The worker as an image: wheels are built in the first stage, the second has Python and the worker alone.
#
#   docker build -t kafka-aws-connector .
#   docker run --read-only -p 127.0.0.1:8083:8083 -e CONNECT_BOOTSTRAP_SERVERS=broker:9092 \
#       -v ./connectors:/etc/connector/connectors:ro kafka-aws-connector
#
# Every wheel is pinned by its hash, for every architecture; the base by its version, since a digest would have to
# be renewed for each of its security fixes. PYTHON takes another one: of a mirror, or by digest.
ARG PYTHON=python:3.13-slim-trixie

FROM ${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# What is pinned changes seldom, so it comes before the sources and its layers stay cached.
COPY requirements/build.txt requirements/runtime.txt requirements/
RUN python -m venv /opt/build \
    && /opt/build/bin/python -m pip install --only-binary :all: \
        --require-hashes --requirement requirements/build.txt \
    && python -m venv --without-pip /opt/connector \
    && python -m pip --python /opt/connector/bin/python install --only-binary :all: --no-compile \
        --require-hashes --requirement requirements/runtime.txt

COPY pyproject.toml README.md LICENSE ./
COPY connector connector
COPY config-examples config-examples
# The same sources give the same files: no times in bytecode, in the wheel, or in the bill of materials.
ARG SOURCE_DATE_EPOCH=1577836800
RUN /opt/build/bin/python -m hatchling build --target wheel --directory /wheels \
    && python -m pip --python /opt/connector/bin/python install --no-compile --no-deps --no-index /wheels/*.whl \
    && rm /opt/connector/lib/python3.*/site-packages/*.dist-info/direct_url.json \
    && mkdir -p /opt/connector/share \
    && /opt/build/bin/cyclonedx-py environment /opt/connector/bin/python --pyproject pyproject.toml \
        --output-reproducible --output-format JSON --output-file /opt/connector/share/sbom.cdx.json \
    && /opt/connector/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/connector/lib

FROM ${PYTHON}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="kafka-aws-connector" \
    org.opencontainers.image.description="A Kafka Connect-style sink worker that delivers Kafka records to AWS" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}"

# The base image brings pip; a worker has no use for it, and an intruder would.
RUN python -m pip uninstall --yes --root-user-action ignore pip \
    && rm -rf /usr/local/lib/python3.*/ensurepip \
    && groupadd --gid 10001 connector \
    && useradd --uid 10001 --gid connector --no-create-home --shell /usr/sbin/nologin connector \
    && mkdir -p /etc/connector/connectors \
    && printf '%s\n' '# Mount your own worker.properties here; CONNECT_ variables overrule it.' \
        '# Loopback inside a container is out of reach, so the REST API listens on every interface of it. Without' \
        '# rest.users.file it lets in everybody: publish the port to those only who may change connectors.' \
        'listeners=http://0.0.0.0:8083' 'log.format=json' > /etc/connector/worker.properties

COPY --from=build /opt/connector /opt/connector

# Nothing is written to the file system: run it read-only.
ENV PATH=/opt/connector/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CONNECTOR_WORKER_FILE=/etc/connector/worker.properties
USER 10001:10001
WORKDIR /etc/connector
EXPOSE 8083
STOPSIGNAL SIGTERM
# It asks where the worker listens, with or without TLS, users or another port.
HEALTHCHECK --interval=10s --timeout=12s --start-period=60s --retries=3 \
    CMD ["python", "-m", "connector.commands.health"]
ENTRYPOINT ["connector"]
CMD ["standalone", "/etc/connector/worker.properties", "/etc/connector/connectors"]

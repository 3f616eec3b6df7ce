# Kometa-AI as a Home Assistant add-on and for plain Docker: one image for both (see run.sh).
# BASE may be any Debian with python3 (3.11 or newer), its venv module and util-linux.
ARG BASE=python:3.13.12-slim-bookworm

# --- the environment: made here, with tools that do not go into the image ---------------------------------------------
FROM ${BASE} AS environment
WORKDIR /build
# The packages alone first: they change seldom, and are then taken from the builder's cache.
COPY requirements/backend.txt requirements/runtime.txt requirements/
# pip stays in an environment of its own and fills the other one from outside. No package is built on the way: each is a
# wheel whose hash the lock knows.
RUN python3 -m venv tools \
    && tools/bin/python -m pip install --no-cache-dir --no-compile --require-hashes --only-binary :all: \
        --requirement requirements/backend.txt \
    && python3 -m venv --without-pip /opt/venv \
    && tools/bin/python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --require-hashes \
        --only-binary :all: --requirement requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY addon addon
COPY kometa_ai kometa_ai
# Compiled once here, and trusted without a look at the source's date: nobody edits it in an image. Tests, and headers for
# compilers, are for those who develop these packages.
RUN tools/bin/python -m pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir wheel . \
    && tools/bin/python -m pip --python /opt/venv/bin/python install --no-cache-dir --no-compile --no-deps wheel/*.whl \
    && find /opt/venv/lib -type d \( -name tests -o -name test \) -prune -exec rm -r {} + \
    && rm -rf /opt/venv/include /opt/venv/bin/[Aa]ctivate* \
    && /opt/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib

# --- the image --------------------------------------------------------------------------------------------------------
FROM ${BASE}
COPY --from=environment /opt/venv /opt/venv
COPY run.sh container/ /opt/kometa-ai/
# The first `python` that is found drops root's rights before it runs; see container/python.
ENV PATH=/opt/kometa-ai:$PATH
WORKDIR /app
# What the slim base lacks is the compiled form of Python's own library, and whoever is not root cannot store it: importing
# everything once does. The folders are open to all, so that any user may write there where no volume is mounted.
RUN chmod 755 /opt/kometa-ai/* \
    && /opt/venv/bin/python -c 'import addon.process, kometa_ai.cli.commands, anthropic, apprise, aiosmtplib, jinja2' \
    && install -d -m 1777 state logs \
    && install -d kometa-config

# Only our own process is asked: whoever restarts us because Radarr is down gains nothing. A check costs 5 ms, so that it
# can be frequent, and the start is seen soon; the Supervisor waits for that. (--start-interval would be the word for it,
# which older builders do not know.) One request at a time is answered even while a run is going on.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 CMD ["/opt/kometa-ai/healthy"]
ENTRYPOINT ["/opt/kometa-ai/run.sh"]

ARG BUILD_VERSION=dev
ARG BUILD_ARCH=amd64
ARG BUILD_REVISION=unknown
LABEL io.hass.type="app" \
    io.hass.name="Kometa-AI" \
    io.hass.version="${BUILD_VERSION}" \
    io.hass.arch="${BUILD_ARCH}" \
    org.opencontainers.image.title="Kometa-AI" \
    org.opencontainers.image.description="Kometa collections from a wish in plain words" \
    org.opencontainers.image.licenses="MIT" \
    org.opencontainers.image.version="${BUILD_VERSION}" \
    org.opencontainers.image.revision="${BUILD_REVISION}"

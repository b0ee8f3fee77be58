# syntax=docker/dockerfile:1
# Two images: `server` (web, worker, beat, migrate; the default) and `gpu` (the worker of the queue "gpu").
# What is needed to build stays behind in the stages `build` and `build-gpu`.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY pyproject.toml README.md requirements-dev.lock ./
COPY rules rules
COPY evaluator evaluator
COPY worker worker
COPY bot bot
COPY migrations migrations
# The lock serves as a list of versions: only what the server needs is installed.
RUN pip wheel --no-deps --wheel-dir /wheels . \
    && python -m venv --without-pip /opt/fairway \
    && pip --python /opt/fairway/bin/python install --constraint requirements-dev.lock "$(echo /wheels/fairway-*.whl)[server]"

FROM build AS build-gpu
RUN pip --python /opt/fairway/bin/python install --constraint requirements-dev.lock "$(echo /wheels/fairway-*.whl)[server,gpu]"

FROM python:3.11-slim-bookworm AS base
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git \
    && rm -rf /var/lib/apt/lists/* \
    && python -m pip uninstall --yes --quiet pip setuptools wheel \
    && useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin fairway \
    && install --directory --owner=10001 --group=10001 --mode=0750 /var/lib/fairway /var/lib/fairway/content
ENV PATH=/opt/fairway/bin:$PATH \
    HOME=/tmp \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    FAIRWAY_DATABASE_URL=sqlite:////var/lib/fairway/fairway.db \
    FAIRWAY_CONTENT_FOLDER=/var/lib/fairway/content
WORKDIR /var/lib/fairway
VOLUME /var/lib/fairway
USER 10001:10001

FROM base AS gpu
# What the sandbox is made of; `fairway runner doctor` tells whether the container may use it.
USER root
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap libseccomp2 util-linux mount \
    && rm -rf /var/lib/apt/lists/*
USER 10001:10001
ENV NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY --from=build-gpu /opt/fairway /opt/fairway
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 CMD ["fairway", "runner", "serve", "--check"]
CMD ["fairway", "runner", "serve"]

FROM base AS server
COPY --from=build /opt/fairway /opt/fairway
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 CMD ["fairway", "serve", "--check"]
CMD ["fairway", "serve", "--host", "0.0.0.0", "--port", "8000"]

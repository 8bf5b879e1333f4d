# One file, a target per service: docker build --target gateway .
# Works with the classic builder too, so it uses nothing that only BuildKit knows.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# --- Packages: one virtual environment per service, with only what that service imports.
FROM ${PYTHON_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY pyproject.toml constraints.txt deploy/requirements.py ./
RUN python -m venv --without-pip /opt/venv \
    && python requirements.py pyproject.toml > requirements.txt \
    && pip --python /opt/venv/bin/python install -r requirements.txt -c constraints.txt

# --- What all services share: a user without rights, and how Python behaves.
FROM ${PYTHON_IMAGE} AS service
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent \
    --shell /usr/sbin/nologin overshoulder
ENV PATH=/opt/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app

# --- gateway
FROM packages AS packages-gateway
RUN python requirements.py pyproject.toml gateway > requirements.txt \
    && pip --python /opt/venv/bin/python install -r requirements.txt -c constraints.txt

FROM service AS gateway
COPY --from=packages-gateway /opt/venv /opt/venv
COPY shared shared
COPY services/gateway/gateway gateway
ENV GATEWAY_HOST=0.0.0.0
EXPOSE 9083
USER 10001
CMD ["python", "-m", "gateway"]

# --- gemini-worker
FROM packages AS packages-worker
RUN python requirements.py pyproject.toml worker > requirements.txt \
    && pip --python /opt/venv/bin/python install -r requirements.txt -c constraints.txt

FROM service AS gemini-worker
COPY --from=packages-worker /opt/venv /opt/venv
COPY deploy/with-stand-in /usr/local/bin/with-stand-in
COPY shared shared
COPY services/gemini-worker/gemini_worker gemini_worker
USER 10001
CMD ["python", "-m", "gemini_worker"]

# --- web
FROM packages AS packages-web
RUN python requirements.py pyproject.toml web > requirements.txt \
    && pip --python /opt/venv/bin/python install -r requirements.txt -c constraints.txt

FROM service AS web
COPY --from=packages-web /opt/venv /opt/venv
COPY shared shared
COPY services/web/web web
COPY services/web/static static
ENV WEB_HOST=0.0.0.0
EXPOSE 8000
USER 10001
CMD ["python", "-m", "web"]

# --- local-live
FROM packages AS packages-local
RUN python requirements.py pyproject.toml local voice > requirements.txt \
    && pip --python /opt/venv/bin/python install -r requirements.txt -c constraints.txt

FROM service AS local-live
COPY --from=packages-local /opt/venv /opt/venv
# Made here, so that a volume mounted over it belongs to the user who writes the certificates.
RUN install -d -o 10001 -m 0755 /var/lib/overshoulder/tls
COPY shared shared
COPY services/local-live/local_live local_live
ENV LOCAL_LIVE_HOST=0.0.0.0 LOCAL_LIVE_TLS_DIR=/var/lib/overshoulder/tls
EXPOSE 9443
USER 10001
CMD ["python", "-m", "local_live"]

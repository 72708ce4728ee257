# syntax=docker/dockerfile:1
FROM python:3.12-slim

# compose.yaml adds ace-step for the GPU: PyTorch, whose wheels bring their own CUDA libraries.
ARG EXTRAS=serve,m4a,voice

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONUNBUFFERED=1 \
    PUNCHIN_HOME=/home/punchin/state \
    PUNCHIN_HOST=0.0.0.0

RUN useradd --create-home --uid 1000 punchin \
    && install --directory --owner=punchin --group=punchin /home/punchin/state

COPY pyproject.toml README.md LICENSE /source/
COPY src /source/src
RUN pip install --no-cache-dir "/source[${EXTRAS}]"

USER 1000
WORKDIR /home/punchin
VOLUME /home/punchin/state
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/ready', timeout=4)"]
CMD ["punchin", "serve"]

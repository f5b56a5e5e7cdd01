# Labeler in one image: the same for the web server and for every worker.
#   docker build --build-arg TORCH_INDEX=URL .
# TORCH_INDEX: the package index with PyTorch's CPU wheels. Without it the default wheels come,
# which bring several gigabytes of CUDA libraries.
FROM python:3.12-slim AS packages
ARG TORCH_INDEX=""
WORKDIR /build
COPY requirements.txt .
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check \
      ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} -r requirements.txt

FROM python:3.12-slim
RUN useradd --system --uid 10001 --create-home --home-dir /home/labeler labeler \
 && install -d -o labeler -g labeler -m 0750 /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY manage.py CHANGELOG.md LICENSE ./
COPY labeler labeler
COPY ml ml
COPY templates templates
COPY static static
COPY locale locale
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 LABELER_DATA=/data \
    LABELER_BIND=0.0.0.0 LABELER_PORT=8000
USER labeler
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD \
  ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "manage.py", "web"]

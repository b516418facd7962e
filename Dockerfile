# Not built in this repository's own checks, for want of a container engine there: please say so if it fails.
FROM python:3.11-slim AS build
WORKDIR /source
RUN pip install --no-cache-dir 'uv>=0.9'
COPY . .
RUN uv export --frozen --no-dev --no-emit-project --output-file requirements.txt \
 && python -m venv /opt/cordee \
 && /opt/cordee/bin/pip install --no-cache-dir --require-hashes -r requirements.txt \
 && /opt/cordee/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim
RUN useradd --create-home --uid 10001 cordee && install -d -o cordee -g cordee /data
COPY --from=build /opt/cordee /opt/cordee
USER cordee
ENV PATH=/opt/cordee/bin:$PATH CORDEE_HOST=0.0.0.0 CORDEE_PORT=8080 CORDEE_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/readyz', timeout=4)"]
CMD ["cordee", "serve"]

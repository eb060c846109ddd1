# The portal and the worker, in one image; the command says which. Built from this checkout:
#   docker build --tag nagorik .
FROM python:3.13-slim AS build
WORKDIR /build
COPY requirements.txt ./
# Every library by its hash. What tests alone need is fetched too, and stays in this stage.
RUN pip wheel --no-cache-dir --no-deps --require-hashes --requirement requirements.txt --wheel-dir wheels
COPY . source
RUN python -m venv /opt/nagorik \
 && /opt/nagorik/bin/pip install --no-index --find-links wheels hatchling \
 && cd source \
 && /opt/nagorik/bin/pip install --no-index --find-links ../wheels --no-build-isolation \
      ./core ./toolkit ./platform './host[metrics,postgresql]' ./portal ./extensions/counter ./plugins/* \
 && /opt/nagorik/bin/pip uninstall --yes hatchling

FROM python:3.13-slim
RUN useradd --system --uid 10001 --no-create-home nagorik \
 && install --directory --owner=nagorik --group=nagorik --mode=0700 /srv/nagorik/documents
COPY --from=build /opt/nagorik /opt/nagorik
ENV PATH=/opt/nagorik/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    NAGORIK_CONFIG=/run/secrets/nagorik.toml
USER 10001:10001
WORKDIR /srv/nagorik
STOPSIGNAL SIGTERM
ENTRYPOINT ["nagorik"]
CMD ["worker"]

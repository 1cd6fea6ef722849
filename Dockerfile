# One image for server, worker and node; the command says which. Pages are built in the first stage.
FROM node:22-bookworm-slim AS web
WORKDIR /src/api/web
COPY api/web/package.json api/web/package-lock.json api/web/.npmrc ./
RUN npm ci
COPY court/page /src/court/page
COPY api/web ./
RUN npm run build

# trixie: its pg_dump is as new as the database of docker-compose.yml, which courtrec backup needs; parec is for `pulse`.
FROM python:3.11-slim-trixie
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client pulseaudio-utils && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 1000 courtrec && mkdir /var/lib/courtrec && chown courtrec /var/lib/courtrec
WORKDIR /opt/courtrec
COPY requirements requirements
ARG LOCK=embedded
RUN pip install --no-cache-dir --require-hashes -r requirements/${LOCK}.txt
COPY . .
COPY --from=web /src/api/web/dist api/web/dist
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e .
USER courtrec
ENV COURTREC_HOME=/var/lib/courtrec
VOLUME /var/lib/courtrec
ENTRYPOINT ["courtrec"]
CMD ["serve"]

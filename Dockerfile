# One static binary, no shell, no root. Build: docker build -t reelq .
FROM rust:1-alpine AS build
# SQLite and the TLS primitives are built from C.
RUN apk add --no-cache build-base
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --profile dist --locked --package reelq-cli && install -D target/dist/reelq /image/usr/local/bin/reelq
# Named volumes take over the owner of the folder that they cover.
RUN mkdir -p /image/etc/reelq /image/out /image/var/lib/reelq

# Certificates and time zones are in it; nothing else is.
FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build --chown=65532:65532 /image /
WORKDIR /etc/reelq
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/reelq"]
CMD ["--help"]

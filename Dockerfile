# The image of shmlens:   docker build -t shmlens .
#                         docker run -p 127.0.0.1:8080:8080 shmlens
FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends libmicrohttpd-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
RUN swift build -c release --product shmlens --static-swift-stdlib \
    && strip "$(swift build -c release --static-swift-stdlib --show-bin-path)/shmlens" \
    && install -D "$(swift build -c release --static-swift-stdlib --show-bin-path)/shmlens" /out/shmlens

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends libmicrohttpd12 libstdc++6 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --no-create-home --shell /usr/sbin/nologin shmlens
COPY --from=build /out/shmlens /usr/local/bin/shmlens
COPY public /usr/local/share/shmlens/public
USER shmlens
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s CMD ["shmlens", "serve", "--check", "http://127.0.0.1:8080/healthz"]
# All addresses of the container: what reaches it is what `docker run -p` publishes. So a token is made at start, and
# the URL to click carries it.
ENTRYPOINT ["shmlens"]
CMD ["serve", "--demo", "--listen", "0.0.0.0:8080", "--public", "/usr/local/share/shmlens/public"]

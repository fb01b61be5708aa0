# sema4-mcp-server in a container. It needs what make dist builds, and BuildKit:
#
#   make dist
#   docker build --build-arg BASE=IMAGE --tag sema4-mcp-server .
#
# IMAGE is distroless' static image from a registry that you trust, best by its
# digest. Of a base the server needs CA certificates and nothing else.
ARG BASE
FROM ${BASE}

# BuildKit sets it to the processor that the image is for: amd64 or arm64.
ARG TARGETARCH
COPY --chmod=0755 dist/bin/linux-${TARGETARCH}/sema4-mcp-server /sema4-mcp-server
COPY LICENSE /LICENSE

# distroless' user "nonroot", by number: Kubernetes' runAsNonRoot asks for one.
USER 65532:65532
EXPOSE 8080

# There is no shell to run a HEALTHCHECK with: let the orchestrator GET /healthz to
# see whether the server lives, and /readyz whether the tenant answers.
ENTRYPOINT ["/sema4-mcp-server", "--listen=:8080"]

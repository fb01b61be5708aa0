# What a release consists of: see internal/dist. Everything here is optional.
#
#   VERSION    v1.2.3; else what git describes
#   HOMEPAGE   the project's page
#   DOWNLOADS  where a release's files will be; else HOMEPAGE/releases/download/VERSION
#   NAMESPACE  the reverse-DNS name that the publisher owns in the MCP registry
#   AUTHOR     the publisher's name, as hosts show it

DIST = go run ./internal/dist \
	$(if $(VERSION),-version '$(VERSION)') $(if $(HOMEPAGE),-homepage '$(HOMEPAGE)') \
	$(if $(DOWNLOADS),-downloads '$(DOWNLOADS)') $(if $(NAMESPACE),-namespace '$(NAMESPACE)') \
	$(if $(AUTHOR),-author '$(AUTHOR)')

.PHONY: dist dist-check

dist:
	$(DIST)

dist-check:
	$(DIST) -check

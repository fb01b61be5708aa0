# What a release consists of: see internal/dist. Everything here is optional.
#
#   VERSION    v1.2.3; else what git describes
#   HOMEPAGE   the project's page
#   DOWNLOADS  where a release's files will be; else HOMEPAGE/releases/download/VERSION
#   NAMESPACE  the reverse-DNS name that the publisher owns in the MCP registry
#   AUTHOR     the publisher's name, as hosts show it

quoted = '$(subst ','\'',$(1))'
given = $(if $($(1)),-$(2) $(call quoted,$($(1))))
DIST = go run ./internal/dist $(call given,VERSION,version) $(call given,HOMEPAGE,homepage) \
	$(call given,DOWNLOADS,downloads) $(call given,NAMESPACE,namespace) $(call given,AUTHOR,author)

.PHONY: dist dist-check

dist:
	$(DIST)

dist-check:
	$(DIST) -check

// Package contract holds the contract of the vendor's REST API v2: an OpenAPI 3.0
// document with every operation, its parameters, bodies, statuses and schemas. Each
// operation carries an x-confidence of documented, observed or assumed.
//
// The local tenant serves it, and tests hold client and tenant to it. The go
// command leaves testdata out of ./..., but this package can be imported by its path.
package contract

import _ "embed"

//go:embed openapi.yaml
var document []byte

// OpenAPI returns the document in YAML. Nobody may write to it.
func OpenAPI() []byte { return document }

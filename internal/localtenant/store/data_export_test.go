package store

// FirstSchema is the schema before all migrations but the first.
var FirstSchema = migrations[:1]

package store

// Migrations are the steps of the schema.
var Migrations = migrations

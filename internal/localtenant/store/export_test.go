package store

// Migrations are for tests that begin with an older schema.
var Migrations = migrations

// Schema is what they come to.
var Schema = schema

// ListQueries are the lists that may be long.
var ListQueries = map[string]string{"agents": allAgents, "agents by name": agentsByName}

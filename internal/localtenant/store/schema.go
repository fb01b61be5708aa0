package store

import _ "embed"

// schema is the schema as it stands, what all migrations together come to: running
// them one by one would be most of a tenant's start. A test holds it against them.
//
//go:embed schema.sql
var schema string

// migrations are only ever added to: each has run somewhere.
var migrations = []string{`
CREATE TABLE agents (
	position             INTEGER PRIMARY KEY AUTOINCREMENT,
	id                   TEXT NOT NULL UNIQUE,
	name                 TEXT NOT NULL,
	search_name          TEXT NOT NULL,
	description          TEXT NOT NULL,
	runbook_text         TEXT NOT NULL,
	architecture_name    TEXT NOT NULL,
	architecture_version TEXT NOT NULL,
	mode                 TEXT NOT NULL,
	state                TEXT NOT NULL,
	version              TEXT NOT NULL,
	live_version_id      TEXT,
	created_by           TEXT NOT NULL,
	created_at           TEXT NOT NULL,
	updated_at           TEXT NOT NULL
);
CREATE TABLE conversations (
	position INTEGER PRIMARY KEY AUTOINCREMENT,
	id       TEXT NOT NULL UNIQUE,
	agent_id TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
	name     TEXT NOT NULL
);
CREATE INDEX conversations_of_agent ON conversations (agent_id, position);
CREATE TABLE messages (
	position        INTEGER PRIMARY KEY AUTOINCREMENT,
	id              TEXT NOT NULL UNIQUE,
	conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
	role            TEXT NOT NULL,
	content         TEXT NOT NULL,
	created_at      TEXT NOT NULL,
	updated_at      TEXT NOT NULL,
	agent_metadata  TEXT NOT NULL,
	server_metadata TEXT NOT NULL,
	parent_run_id   TEXT,
	complete        INTEGER NOT NULL,
	commited        INTEGER NOT NULL
);
CREATE INDEX messages_of_conversation ON messages (conversation_id, position);
CREATE TABLE data_frames (
	id              TEXT PRIMARY KEY,
	conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
	name            TEXT NOT NULL,
	sql_query       TEXT NOT NULL,
	columns         TEXT NOT NULL,
	rows            TEXT NOT NULL,
	created_at      TEXT NOT NULL,
	UNIQUE (conversation_id, name)
);
CREATE TABLE semantic_data_models (
	position    INTEGER PRIMARY KEY AUTOINCREMENT,
	id          TEXT NOT NULL UNIQUE,
	name        TEXT NOT NULL,
	description TEXT NOT NULL,
	model       TEXT NOT NULL
);
CREATE TABLE agent_semantic_data_models (
	agent_id TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
	model_id TEXT NOT NULL REFERENCES semantic_data_models (id) ON DELETE CASCADE,
	PRIMARY KEY (agent_id, model_id)
) WITHOUT ROWID;
`,
	agentVersionTables,
	workItemTables,
	dataMigration,
	workItemNames,
}

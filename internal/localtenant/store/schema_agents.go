package store

// agentVersionTables moves what hangs on a version out of the agents, whose rows
// were a version each and live. An agent points at its live version and its draft,
// so that it has at most one of each; its other versions are history.
//
// Files are shared between versions, and go when the last version goes that has
// them: orphaned_blobs keeps their bytes' ids until those are deleted.
const agentVersionTables = `
CREATE TABLE agent_versions (
	id                   TEXT PRIMARY KEY,
	agent_id             TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
	number               INTEGER NOT NULL,
	name                 TEXT NOT NULL,
	description          TEXT NOT NULL,
	runbook_text         TEXT NOT NULL,
	architecture_name    TEXT NOT NULL,
	architecture_version TEXT NOT NULL,
	settings             TEXT NOT NULL DEFAULT '{}',
	updated_at           TEXT NOT NULL,
	UNIQUE (agent_id, number)
);
INSERT INTO agent_versions (id, agent_id, number, name, description, runbook_text, architecture_name, architecture_version, updated_at)
	SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a' ||
			substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
		id, 1, name, description, runbook_text, architecture_name, architecture_version, updated_at
	FROM agents;
ALTER TABLE agents ADD COLUMN live_version TEXT REFERENCES agent_versions (id);
ALTER TABLE agents ADD COLUMN draft_version TEXT REFERENCES agent_versions (id);
UPDATE agents SET live_version = (SELECT id FROM agent_versions WHERE agent_id = agents.id);
ALTER TABLE agents DROP COLUMN name;
ALTER TABLE agents DROP COLUMN description;
ALTER TABLE agents DROP COLUMN runbook_text;
ALTER TABLE agents DROP COLUMN architecture_name;
ALTER TABLE agents DROP COLUMN architecture_version;
ALTER TABLE agents DROP COLUMN state;
ALTER TABLE agents DROP COLUMN version;
ALTER TABLE agents DROP COLUMN live_version_id;
ALTER TABLE agents DROP COLUMN updated_at;
CREATE INDEX agents_by_name ON agents (search_name, position);
CREATE INDEX agents_by_live_version ON agents (live_version);
CREATE INDEX agents_by_draft_version ON agents (draft_version);

CREATE TABLE version_semantic_data_models (
	version_id TEXT NOT NULL REFERENCES agent_versions (id) ON DELETE CASCADE,
	model_id   TEXT NOT NULL REFERENCES semantic_data_models (id) ON DELETE CASCADE,
	PRIMARY KEY (version_id, model_id)
) WITHOUT ROWID;
CREATE INDEX versions_of_semantic_data_model ON version_semantic_data_models (model_id);
INSERT INTO version_semantic_data_models (version_id, model_id)
	SELECT agents.live_version, model_id FROM agent_semantic_data_models JOIN agents ON agents.id = agent_id;
DROP TABLE agent_semantic_data_models;

CREATE TABLE mcp_servers (
	position                INTEGER PRIMARY KEY AUTOINCREMENT,
	id                      TEXT NOT NULL UNIQUE,
	name                    TEXT NOT NULL,
	search_name             TEXT NOT NULL,
	type                    TEXT NOT NULL,
	transport               TEXT NOT NULL,
	url                     TEXT,
	headers                 TEXT NOT NULL,
	command                 TEXT,
	args                    TEXT NOT NULL,
	env                     TEXT NOT NULL,
	cwd                     TEXT,
	force_serial_tool_calls INTEGER NOT NULL,
	metadata                TEXT NOT NULL,
	created_at              TEXT NOT NULL,
	updated_at              TEXT NOT NULL
);
CREATE INDEX mcp_servers_by_name ON mcp_servers (search_name, position);
CREATE TABLE version_mcp_servers (
	version_id    TEXT NOT NULL REFERENCES agent_versions (id) ON DELETE CASCADE,
	mcp_server_id TEXT NOT NULL REFERENCES mcp_servers (id) ON DELETE CASCADE,
	PRIMARY KEY (version_id, mcp_server_id)
) WITHOUT ROWID;
CREATE INDEX versions_of_mcp_server ON version_mcp_servers (mcp_server_id);

CREATE TABLE version_files (
	version_id TEXT NOT NULL REFERENCES agent_versions (id) ON DELETE CASCADE,
	name       TEXT NOT NULL,
	mime_type  TEXT NOT NULL,
	size       INTEGER NOT NULL,
	hash       TEXT NOT NULL,
	blob_id    TEXT NOT NULL,
	PRIMARY KEY (version_id, name)
) WITHOUT ROWID;
CREATE INDEX version_files_by_blob ON version_files (blob_id);
CREATE TABLE IF NOT EXISTS deleted_blobs (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TRIGGER version_file_deleted AFTER DELETE ON version_files
	WHEN NOT EXISTS (SELECT 1 FROM version_files WHERE blob_id = old.blob_id)
	BEGIN INSERT INTO deleted_blobs VALUES (old.blob_id) ON CONFLICT DO NOTHING; END;

CREATE TABLE schedules (
	position        INTEGER PRIMARY KEY AUTOINCREMENT,
	id              TEXT NOT NULL UNIQUE,
	agent_id        TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
	cron_expression TEXT NOT NULL,
	timezone        TEXT NOT NULL,
	work_item_name  TEXT,
	message         TEXT,
	payload         TEXT
);
CREATE INDEX schedules_of_agent ON schedules (agent_id, position);

ALTER TABLE conversations ADD COLUMN with_draft INTEGER NOT NULL DEFAULT 0;
CREATE INDEX conversations_with_draft ON conversations (agent_id) WHERE with_draft;
`

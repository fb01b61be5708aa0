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
CREATE TABLE agents (
	position             INTEGER PRIMARY KEY AUTOINCREMENT,
	id                   TEXT NOT NULL UNIQUE,
	search_name          TEXT NOT NULL,
	mode                 TEXT NOT NULL,
	created_by           TEXT NOT NULL,
	created_at           TEXT NOT NULL,
	live_version TEXT REFERENCES agent_versions (id), draft_version TEXT REFERENCES agent_versions (id));
CREATE TABLE conversation_files (
	position        INTEGER PRIMARY KEY AUTOINCREMENT,
	id              TEXT NOT NULL UNIQUE,
	conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
	file_ref        TEXT NOT NULL,
	mime_type       TEXT NOT NULL,
	size            INTEGER NOT NULL,
	sha256          TEXT NOT NULL,
	work_item_id    TEXT,
	created_at      TEXT NOT NULL,
	UNIQUE (conversation_id, file_ref)
);
CREATE TABLE conversations (
	position INTEGER PRIMARY KEY AUTOINCREMENT,
	id       TEXT NOT NULL UNIQUE,
	agent_id TEXT NOT NULL REFERENCES agents (id) ON DELETE CASCADE,
	name     TEXT NOT NULL
, with_draft INTEGER NOT NULL DEFAULT 0);
CREATE TABLE data_connections (
	position      INTEGER PRIMARY KEY AUTOINCREMENT,
	id            TEXT NOT NULL UNIQUE,
	name          TEXT NOT NULL,
	search_name   TEXT NOT NULL,
	description   TEXT NOT NULL,
	engine        TEXT NOT NULL,
	configuration TEXT NOT NULL,
	tags          TEXT NOT NULL,
	created_at    TEXT NOT NULL,
	updated_at    TEXT NOT NULL
);
CREATE TABLE data_frame_rows (
	frame  INTEGER NOT NULL REFERENCES data_frames (position) ON DELETE CASCADE,
	number INTEGER NOT NULL,
	cells  TEXT NOT NULL,
	PRIMARY KEY (frame, number)
) WITHOUT ROWID;
CREATE TABLE data_frames (
	position        INTEGER PRIMARY KEY AUTOINCREMENT,
	id              TEXT NOT NULL UNIQUE,
	conversation_id TEXT NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
	name            TEXT NOT NULL,
	description     TEXT NOT NULL,
	input_id_type   TEXT NOT NULL,
	file_id         TEXT REFERENCES conversation_files (id) ON DELETE CASCADE,
	sql_query       TEXT,
	sql_dialect     TEXT,
	columns         TEXT NOT NULL,
	num_rows        INTEGER NOT NULL,
	created_at      TEXT NOT NULL,
	complete        INTEGER NOT NULL
);
CREATE TABLE deleted_blobs (id TEXT PRIMARY KEY) WITHOUT ROWID;
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
CREATE TABLE semantic_data_models (
	position    INTEGER PRIMARY KEY AUTOINCREMENT,
	id          TEXT NOT NULL UNIQUE,
	name        TEXT NOT NULL,
	description TEXT NOT NULL,
	model       TEXT NOT NULL
, source TEXT NOT NULL DEFAULT 'seed');
CREATE TABLE version_files (
	version_id TEXT NOT NULL REFERENCES agent_versions (id) ON DELETE CASCADE,
	name       TEXT NOT NULL,
	mime_type  TEXT NOT NULL,
	size       INTEGER NOT NULL,
	hash       TEXT NOT NULL,
	blob_id    TEXT NOT NULL,
	PRIMARY KEY (version_id, name)
) WITHOUT ROWID;
CREATE TABLE version_mcp_servers (
	version_id    TEXT NOT NULL REFERENCES agent_versions (id) ON DELETE CASCADE,
	mcp_server_id TEXT NOT NULL REFERENCES mcp_servers (id) ON DELETE CASCADE,
	PRIMARY KEY (version_id, mcp_server_id)
) WITHOUT ROWID;
CREATE TABLE version_semantic_data_models (
	version_id TEXT NOT NULL REFERENCES agent_versions (id) ON DELETE CASCADE,
	model_id   TEXT NOT NULL REFERENCES semantic_data_models (id) ON DELETE CASCADE,
	PRIMARY KEY (version_id, model_id)
) WITHOUT ROWID;
CREATE TABLE work_item_files (
	position     INTEGER PRIMARY KEY AUTOINCREMENT,
	id           TEXT NOT NULL UNIQUE,
	work_item_id TEXT NOT NULL REFERENCES work_items (id) ON DELETE CASCADE,
	name         TEXT NOT NULL,
	mime_type    TEXT NOT NULL,
	size         INTEGER NOT NULL,
	hash         TEXT NOT NULL,
	blob_id      TEXT NOT NULL,
	created_at   TEXT NOT NULL,
	UNIQUE (work_item_id, name)
);
CREATE VIRTUAL TABLE work_item_names USING fts5 (name, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1');
CREATE TABLE work_items (
	position          INTEGER PRIMARY KEY AUTOINCREMENT,
	id                TEXT NOT NULL UNIQUE,
	agent_id          TEXT REFERENCES agents (id) ON DELETE CASCADE,
	conversation_id   TEXT REFERENCES conversations (id) ON DELETE SET NULL,
	status            TEXT NOT NULL,
	execution         INTEGER NOT NULL DEFAULT 0,
	name              TEXT NOT NULL,
	search_name       TEXT NOT NULL,
	payload           TEXT NOT NULL,
	messages          TEXT NOT NULL,
	initial_messages  TEXT NOT NULL,
	callbacks         TEXT NOT NULL,
	url               TEXT NOT NULL,
	completed_by      TEXT,
	status_updated_by TEXT NOT NULL,
	created_by        TEXT NOT NULL,
	created_at        TEXT NOT NULL,
	updated_at        TEXT NOT NULL,
	status_updated_at TEXT NOT NULL
, revision INTEGER);
CREATE INDEX agents_by_draft_version ON agents (draft_version);
CREATE INDEX agents_by_live_version ON agents (live_version);
CREATE INDEX agents_by_name ON agents (search_name, position);
CREATE INDEX conversations_of_agent ON conversations (agent_id, position);
CREATE INDEX conversations_with_draft ON conversations (agent_id) WHERE with_draft;
CREATE INDEX data_connections_by_name ON data_connections (search_name);
CREATE UNIQUE INDEX data_frames_by_name ON data_frames (conversation_id, name) WHERE complete;
CREATE INDEX data_frames_of_conversation ON data_frames (conversation_id);
CREATE INDEX data_frames_of_file ON data_frames (file_id);
CREATE INDEX mcp_servers_by_name ON mcp_servers (search_name, position);
CREATE INDEX messages_of_conversation ON messages (conversation_id, position);
CREATE INDEX schedules_of_agent ON schedules (agent_id, position);
CREATE INDEX version_files_by_blob ON version_files (blob_id);
CREATE INDEX versions_of_mcp_server ON version_mcp_servers (mcp_server_id);
CREATE INDEX versions_of_semantic_data_model ON version_semantic_data_models (model_id);
CREATE INDEX work_items_newest ON work_items (revision, search_name);
CREATE INDEX work_items_of_agent ON work_items (agent_id, revision);
CREATE INDEX work_items_of_agent_and_status ON work_items (agent_id, status, revision);
CREATE INDEX work_items_of_conversation ON work_items (conversation_id);
CREATE INDEX work_items_of_creator ON work_items (created_by, revision);
CREATE INDEX work_items_of_status ON work_items (status, revision);
CREATE INDEX work_items_waiting ON work_items (status_updated_at) WHERE status = 'PENDING';
CREATE TRIGGER conversation_file_deleted AFTER DELETE ON conversation_files
	BEGIN INSERT INTO deleted_blobs VALUES (old.id) ON CONFLICT DO NOTHING; END;
CREATE TRIGGER version_file_deleted AFTER DELETE ON version_files
	WHEN NOT EXISTS (SELECT 1 FROM version_files WHERE blob_id = old.blob_id)
	BEGIN INSERT INTO deleted_blobs VALUES (old.blob_id) ON CONFLICT DO NOTHING; END;
CREATE TRIGGER work_item_file_deleted AFTER DELETE ON work_item_files
	BEGIN INSERT INTO deleted_blobs VALUES (old.blob_id) ON CONFLICT DO NOTHING; END;
CREATE TRIGGER work_item_added AFTER INSERT ON work_items BEGIN
	UPDATE work_items SET revision = (SELECT coalesce(max(revision), 0) + 1 FROM work_items) WHERE position = new.position;
	INSERT INTO work_item_names (rowid, name) SELECT revision, search_name FROM work_items WHERE position = new.position;
END;
CREATE TRIGGER work_item_deleted AFTER DELETE ON work_items BEGIN
	DELETE FROM work_item_names WHERE rowid = old.revision;
END;
CREATE TRIGGER work_item_updated AFTER UPDATE OF updated_at, search_name ON work_items BEGIN
	DELETE FROM work_item_names WHERE rowid = old.revision;
	UPDATE work_items SET revision = (SELECT max(revision) + 1 FROM work_items) WHERE position = new.position;
	INSERT INTO work_item_names (rowid, name) SELECT revision, search_name FROM work_items WHERE position = new.position;
END;

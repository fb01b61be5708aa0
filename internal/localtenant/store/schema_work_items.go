package store

// workItemTables has an index for each way a list is filtered, in the order of the
// list: a page costs the same however many items there are.
const workItemTables = `
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
);
CREATE INDEX work_items_newest ON work_items (updated_at, position, search_name);
CREATE INDEX work_items_of_agent ON work_items (agent_id, updated_at);
CREATE INDEX work_items_of_status ON work_items (status, updated_at);
CREATE INDEX work_items_of_agent_and_status ON work_items (agent_id, status, updated_at);
CREATE INDEX work_items_of_creator ON work_items (created_by, updated_at);
CREATE INDEX work_items_of_conversation ON work_items (conversation_id);
CREATE INDEX work_items_waiting ON work_items (status_updated_at) WHERE status = 'PENDING';
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
CREATE TABLE IF NOT EXISTS deleted_blobs (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TRIGGER work_item_file_deleted AFTER DELETE ON work_item_files
	BEGIN INSERT INTO deleted_blobs VALUES (old.blob_id) ON CONFLICT DO NOTHING; END;
`

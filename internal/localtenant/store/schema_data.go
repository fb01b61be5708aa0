package store

// dataMigration brings data connections, the files of conversations, and data
// frames whose rows can be read apart.
const dataMigration = `
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
CREATE INDEX data_connections_by_name ON data_connections (search_name);
ALTER TABLE semantic_data_models ADD COLUMN source TEXT NOT NULL DEFAULT 'seed';
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
CREATE TABLE IF NOT EXISTS deleted_blobs (id TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TRIGGER conversation_file_deleted AFTER DELETE ON conversation_files
	BEGIN INSERT INTO deleted_blobs VALUES (old.id) ON CONFLICT DO NOTHING; END;
ALTER TABLE data_frames RENAME TO old_data_frames;
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
CREATE UNIQUE INDEX data_frames_by_name ON data_frames (conversation_id, name) WHERE complete;
CREATE INDEX data_frames_of_conversation ON data_frames (conversation_id);
CREATE INDEX data_frames_of_file ON data_frames (file_id);
CREATE TABLE data_frame_rows (
	frame  INTEGER NOT NULL REFERENCES data_frames (position) ON DELETE CASCADE,
	number INTEGER NOT NULL,
	cells  TEXT NOT NULL,
	PRIMARY KEY (frame, number)
) WITHOUT ROWID;
INSERT INTO data_frames (id, conversation_id, name, description, input_id_type, sql_query, sql_dialect, columns, num_rows, created_at, complete)
	SELECT id, conversation_id, name, '', 'sql_computation', sql_query, 'sqlite', iif(columns = 'null', '[]', columns),
		iif(rows = 'null', 0, json_array_length(rows)), created_at, 1
	FROM old_data_frames ORDER BY rowid;
INSERT INTO data_frame_rows (frame, number, cells)
	SELECT f.position, r.key, r.value FROM old_data_frames o JOIN data_frames f ON f.id = o.id JOIN json_each(o.rows) r
	WHERE r.type = 'array';
DROP TABLE old_data_frames;
`

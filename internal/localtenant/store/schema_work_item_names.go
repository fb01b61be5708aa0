package store

// workItemNames lets a part of a name be found without reading all names: an index
// of their trigrams, whose rows are numbered by revision. Each update of an item
// gives it the next revision, so that last updated first is an order of integers,
// of the items as of the index, and a search ends where the page is full.
const workItemNames = `
ALTER TABLE work_items ADD COLUMN revision INTEGER;
UPDATE work_items SET revision = ordered.number
	FROM (SELECT position, row_number() OVER (ORDER BY updated_at, position) AS number FROM work_items) ordered
	WHERE ordered.position = work_items.position;
DROP INDEX work_items_newest;
DROP INDEX work_items_of_agent;
DROP INDEX work_items_of_status;
DROP INDEX work_items_of_agent_and_status;
DROP INDEX work_items_of_creator;
CREATE INDEX work_items_newest ON work_items (revision, search_name);
CREATE INDEX work_items_of_agent ON work_items (agent_id, revision);
CREATE INDEX work_items_of_status ON work_items (status, revision);
CREATE INDEX work_items_of_agent_and_status ON work_items (agent_id, status, revision);
CREATE INDEX work_items_of_creator ON work_items (created_by, revision);
CREATE VIRTUAL TABLE work_item_names USING fts5 (name, content = '', contentless_delete = 1, tokenize = 'trigram case_sensitive 1');
INSERT INTO work_item_names (rowid, name) SELECT revision, search_name FROM work_items ORDER BY revision;
CREATE TRIGGER work_item_added AFTER INSERT ON work_items BEGIN
	UPDATE work_items SET revision = (SELECT coalesce(max(revision), 0) + 1 FROM work_items) WHERE position = new.position;
	INSERT INTO work_item_names (rowid, name) SELECT revision, search_name FROM work_items WHERE position = new.position;
END;
CREATE TRIGGER work_item_updated AFTER UPDATE OF updated_at, search_name ON work_items BEGIN
	DELETE FROM work_item_names WHERE rowid = old.revision;
	UPDATE work_items SET revision = (SELECT max(revision) + 1 FROM work_items) WHERE position = new.position;
	INSERT INTO work_item_names (rowid, name) SELECT revision, search_name FROM work_items WHERE position = new.position;
END;
CREATE TRIGGER work_item_deleted AFTER DELETE ON work_items BEGIN
	DELETE FROM work_item_names WHERE rowid = old.revision;
END;
`

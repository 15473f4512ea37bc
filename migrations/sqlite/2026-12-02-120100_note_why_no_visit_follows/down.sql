ALTER TABLE tasks DROP COLUMN no_next_visit;

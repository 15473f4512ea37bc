ALTER TABLE tasks DROP COLUMN next_visit_id;

-- The visit that was planned by the answer to a task.
ALTER TABLE tasks ADD COLUMN next_visit_id TEXT;

ALTER TABLE visit_events ADD COLUMN err_ms BIGINT;

ALTER TABLE visit_events DROP COLUMN err_ms;

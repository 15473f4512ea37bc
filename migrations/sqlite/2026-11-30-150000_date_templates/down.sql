DROP TRIGGER calendars_no_delete;
DROP TRIGGER calendars_no_update;
ALTER TABLE templates DROP COLUMN effective_from_ms;

DROP TRIGGER calendars_no_truncate ON calendars;
DROP TRIGGER calendars_no_delete ON calendars;
DROP TRIGGER calendars_no_update ON calendars;
ALTER TABLE templates DROP COLUMN effective_from_ms;

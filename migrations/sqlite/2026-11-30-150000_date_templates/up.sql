-- From when visits follow a version; what is published already is in force.
ALTER TABLE templates ADD COLUMN effective_from_ms BIGINT NOT NULL DEFAULT 0;

-- Verdicts name the version of the calendar that they were judged by.
CREATE TRIGGER calendars_no_update BEFORE UPDATE ON calendars BEGIN
    SELECT RAISE(ABORT, 'immutable: calendars');
END;
CREATE TRIGGER calendars_no_delete BEFORE DELETE ON calendars BEGIN
    SELECT RAISE(ABORT, 'immutable: calendars');
END;

-- From when visits follow a version; what is published already is in force.
ALTER TABLE templates ADD COLUMN effective_from_ms BIGINT NOT NULL DEFAULT 0;

-- Verdicts name the version of the calendar that they were judged by.
CREATE TRIGGER calendars_no_update BEFORE UPDATE ON calendars FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER calendars_no_delete BEFORE DELETE ON calendars FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER calendars_no_truncate BEFORE TRUNCATE ON calendars FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

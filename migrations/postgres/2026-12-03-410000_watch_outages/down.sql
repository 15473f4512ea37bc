DROP INDEX outages_to_tell;
ALTER TABLE outages DROP COLUMN watch_ms;

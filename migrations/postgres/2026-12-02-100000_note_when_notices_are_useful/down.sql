DROP INDEX notices_by_fact;
ALTER TABLE notices DROP COLUMN fact;
ALTER TABLE notices DROP COLUMN useful_until_ms;
ALTER TABLE notices DROP COLUMN missing;
UPDATE notices SET reason = withheld WHERE reason IS NULL;
ALTER TABLE notices DROP COLUMN withheld;

ALTER TABLE uploads DROP COLUMN arrived_at_ms;

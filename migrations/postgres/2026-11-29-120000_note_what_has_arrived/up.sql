-- When something of an upload had arrived, at whichever node its bytes lie; absent while it is empty.
ALTER TABLE uploads ADD COLUMN arrived_at_ms BIGINT;

-- Of those under way nobody else knows.
UPDATE uploads SET arrived_at_ms = touched_at_ms WHERE state = 'open';

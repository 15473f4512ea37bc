-- When somebody has to be told that a hold lasts longer than it said; absent once nobody has to be.
ALTER TABLE order_holds ADD COLUMN watch_ms BIGINT;
UPDATE order_holds SET watch_ms = until_ms WHERE resumed_at_ms IS NULL;
CREATE INDEX order_holds_watched ON order_holds (org_id, watch_ms);

DROP INDEX order_holds_watched;
ALTER TABLE order_holds DROP COLUMN watch_ms;

DROP INDEX work_orders_by_site;
ALTER TABLE appointments DROP COLUMN agreed_at_ms;

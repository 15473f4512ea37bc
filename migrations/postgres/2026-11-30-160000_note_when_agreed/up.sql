-- When the customer was told of the time first agreed; unknown of appointments made before.
ALTER TABLE appointments ADD COLUMN agreed_at_ms BIGINT;

-- Earlier repairs of a site are looked up for the visits that follow them.
CREATE INDEX work_orders_by_site ON work_orders (org_id, site_id);

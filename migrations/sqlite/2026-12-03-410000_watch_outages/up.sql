-- From when on somebody has to be told that the outage lasts longer than was said; absent once he was, or it is over.
ALTER TABLE outages ADD COLUMN watch_ms BIGINT;
UPDATE outages SET watch_ms = expected_end_ms WHERE ended_at_ms IS NULL;
CREATE INDEX outages_to_tell ON outages (org_id, watch_ms);

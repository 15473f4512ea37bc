DROP INDEX blobs_unclaimed;
ALTER TABLE blobs DROP COLUMN claimed_at_ms;

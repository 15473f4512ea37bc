-- From when what a key signs counts no more: it was lost to somebody else. The key stays in the set.
ALTER TABLE signing_keys ADD COLUMN revoked_at_ms BIGINT;

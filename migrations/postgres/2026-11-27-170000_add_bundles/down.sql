ALTER TABLE devices DROP COLUMN receipts_kept_at_ms;
DROP TABLE kept_receipts;
DELETE FROM signing_keys WHERE purpose = 'bundle';
ALTER TABLE signing_keys DROP CONSTRAINT signing_keys_purpose_check;
ALTER TABLE signing_keys ADD CONSTRAINT signing_keys_purpose_check CHECK (purpose IN ('access', 'evidence'));

DROP INDEX blobs_due_again;
ALTER TABLE blobs DROP COLUMN ingest_retries;
ALTER TABLE blobs DROP COLUMN ingest_due_ms;

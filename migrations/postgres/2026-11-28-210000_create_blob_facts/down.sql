DROP TABLE blob_facts;
DROP INDEX blobs_pending;
ALTER TABLE blobs DROP COLUMN ingest_attempts;

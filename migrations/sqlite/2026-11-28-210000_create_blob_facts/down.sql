DROP TABLE blob_facts;
DROP INDEX blobs_outdated;
DROP INDEX blobs_pending;
ALTER TABLE blobs DROP COLUMN ingest_version;
ALTER TABLE blobs DROP COLUMN ingest_attempts;

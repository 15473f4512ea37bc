-- How often a picture was begun: what ends the process twice is not begun again. Absent as long as it was never begun.
ALTER TABLE blobs ADD COLUMN ingest_attempts BIGINT;

-- Which version of the measures ended with it, whatever it gave; 0 if none did.
ALTER TABLE blobs ADD COLUMN ingest_version BIGINT NOT NULL DEFAULT 0;

-- Pictures that are to be ingested are few among all that are stored.
CREATE INDEX blobs_pending ON blobs (received_at_ms, org_id, sha256) WHERE preview_state = 'pending';

-- Those that have copies and no facts of version 1, as those of before: they are measured when nothing is pending. A
-- later version of the measures brings an index of its own.
CREATE INDEX blobs_outdated ON blobs (received_at_ms, org_id, sha256)
    WHERE preview_state = 'ready' AND ingest_version < 1;

-- What was worked out from a picture beside its copies; written anew by a later version.
CREATE TABLE blob_facts (
    org_id TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    made_at_ms BIGINT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    orientation BIGINT,
    taken_at TEXT COLLATE "C",
    make TEXT COLLATE "C",
    model TEXT COLLATE "C",
    software TEXT COLLATE "C",
    latitude_udeg BIGINT,
    longitude_udeg BIGINT,
    has_provenance BOOLEAN NOT NULL,
    sharpness_p90_c BIGINT NOT NULL,
    sharpness_all_c BIGINT NOT NULL,
    mean_luma_c BIGINT NOT NULL,
    dark_permille BIGINT NOT NULL,
    bright_permille BIGINT NOT NULL,
    detail_c BIGINT NOT NULL,
    prints BYTEA NOT NULL,
    PRIMARY KEY (org_id, sha256),
    FOREIGN KEY (org_id, sha256) REFERENCES blobs (org_id, sha256)
);
CREATE INDEX blob_facts_by_time ON blob_facts (org_id, made_at_ms, sha256);

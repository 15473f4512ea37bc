-- Which devices have brought the bytes of a blob, and whose they were: the row of a blob names one of them.
CREATE TABLE blob_bringers (
    org_id TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    device_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    received_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, sha256, device_id)
);
INSERT INTO blob_bringers (org_id, sha256, device_id, user_id, received_at_ms)
    SELECT blobs.org_id, blobs.sha256, blobs.device_id, devices.user_id, blobs.received_at_ms
    FROM blobs JOIN devices ON devices.org_id = blobs.org_id AND devices.id = blobs.device_id;

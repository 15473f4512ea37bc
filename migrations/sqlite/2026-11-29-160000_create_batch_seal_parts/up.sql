-- What of a sealed list became durable after the row of its seal: a large request is written in parts, and one that is sent
-- again may bring what was refused before. Rows are added, and none is changed or removed.
CREATE TABLE batch_seal_parts (
    org_id TEXT NOT NULL,
    device_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    part BIGINT NOT NULL,
    held TEXT NOT NULL,
    received_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, device_id, digest, part)
);
CREATE TRIGGER batch_seal_parts_no_update BEFORE UPDATE ON batch_seal_parts BEGIN
    SELECT RAISE(ABORT, 'immutable: batch_seal_parts');
END;
CREATE TRIGGER batch_seal_parts_no_delete BEFORE DELETE ON batch_seal_parts BEGIN
    SELECT RAISE(ABORT, 'immutable: batch_seal_parts');
END;

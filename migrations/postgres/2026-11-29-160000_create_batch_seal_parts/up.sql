-- What of a sealed list became durable after the row of its seal: a large request is written in parts, and one that is sent
-- again may bring what was refused before. Rows are added, and none is changed or removed.
CREATE TABLE batch_seal_parts (
    org_id TEXT COLLATE "C" NOT NULL,
    device_id TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    part BIGINT NOT NULL,
    held TEXT COLLATE "C" NOT NULL,
    received_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, device_id, digest, part)
);
CREATE TRIGGER batch_seal_parts_no_update BEFORE UPDATE ON batch_seal_parts FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER batch_seal_parts_no_delete BEFORE DELETE ON batch_seal_parts FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER batch_seal_parts_no_truncate BEFORE TRUNCATE ON batch_seal_parts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

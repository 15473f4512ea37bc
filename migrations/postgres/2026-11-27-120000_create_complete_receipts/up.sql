-- Receipts that a visit is complete, one row for each issue; none is changed or removed (triggers below).
CREATE TABLE complete_receipts (
    org_id TEXT COLLATE "C" NOT NULL,
    visit_id TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    content_sha256 TEXT COLLATE "C" NOT NULL CHECK (length(content_sha256) = 64),
    jws TEXT COLLATE "C" NOT NULL,
    issued_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, visit_id, number),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id)
);

CREATE FUNCTION complete_receipts_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'immutable: complete_receipts' USING ERRCODE = 'restrict_violation';
END;
$$;
CREATE TRIGGER complete_receipts_no_update_delete BEFORE UPDATE OR DELETE ON complete_receipts
    FOR EACH ROW EXECUTE FUNCTION complete_receipts_immutable();

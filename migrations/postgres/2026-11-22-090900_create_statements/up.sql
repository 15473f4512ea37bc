-- Sealed bytes, stored as received; nothing changes or removes them (triggers below).
CREATE TABLE statements (
    org_id TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL CHECK (length(digest) = 64),
    visit_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    seal TEXT COLLATE "C" NOT NULL,
    device_id TEXT COLLATE "C" NOT NULL,
    received_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, digest)
);
CREATE INDEX statements_by_visit ON statements (org_id, visit_id);

CREATE FUNCTION statements_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'immutable: statements' USING ERRCODE = 'restrict_violation';
END;
$$;
CREATE TRIGGER statements_no_update_delete BEFORE UPDATE OR DELETE ON statements FOR EACH ROW EXECUTE FUNCTION statements_immutable();

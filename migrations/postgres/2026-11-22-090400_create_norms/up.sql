-- Published versions never change (triggers below).
CREATE TABLE templates (
    org_id TEXT COLLATE "C" NOT NULL REFERENCES organisations (id),
    code TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    sha256 TEXT COLLATE "C" NOT NULL,
    published_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, code, version)
);

CREATE TABLE policies (
    org_id TEXT COLLATE "C" NOT NULL REFERENCES organisations (id),
    version BIGINT NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    effective_from_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, version)
);

CREATE TABLE calendars (
    org_id TEXT COLLATE "C" NOT NULL REFERENCES organisations (id),
    version BIGINT NOT NULL,
    body TEXT COLLATE "C" NOT NULL,
    published_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, version)
);

CREATE FUNCTION templates_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'immutable: templates' USING ERRCODE = 'restrict_violation';
END;
$$;
CREATE TRIGGER templates_no_update_delete BEFORE UPDATE OR DELETE ON templates FOR EACH ROW EXECUTE FUNCTION templates_immutable();

CREATE FUNCTION policies_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'immutable: policies' USING ERRCODE = 'restrict_violation';
END;
$$;
CREATE TRIGGER policies_no_update_delete BEFORE UPDATE OR DELETE ON policies FOR EACH ROW EXECUTE FUNCTION policies_immutable();

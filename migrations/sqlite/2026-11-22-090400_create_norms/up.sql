-- Published versions never change (triggers below).
CREATE TABLE templates (
    org_id TEXT NOT NULL REFERENCES organisations (id),
    code TEXT NOT NULL,
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    published_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, code, version)
);

CREATE TABLE policies (
    org_id TEXT NOT NULL REFERENCES organisations (id),
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    effective_from_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, version)
);

CREATE TABLE calendars (
    org_id TEXT NOT NULL REFERENCES organisations (id),
    version BIGINT NOT NULL,
    body TEXT NOT NULL,
    published_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, version)
);

CREATE TRIGGER templates_no_update BEFORE UPDATE ON templates BEGIN
    SELECT RAISE(ABORT, 'immutable: templates');
END;

CREATE TRIGGER templates_no_delete BEFORE DELETE ON templates BEGIN
    SELECT RAISE(ABORT, 'immutable: templates');
END;

CREATE TRIGGER policies_no_update BEFORE UPDATE ON policies BEGIN
    SELECT RAISE(ABORT, 'immutable: policies');
END;

CREATE TRIGGER policies_no_delete BEFORE DELETE ON policies BEGIN
    SELECT RAISE(ABORT, 'immutable: policies');
END;

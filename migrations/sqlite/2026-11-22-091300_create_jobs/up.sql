CREATE TABLE jobs (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    name TEXT NOT NULL,
    payload TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('ready', 'running', 'dead')),
    run_at_ms BIGINT NOT NULL,
    leased_until_ms BIGINT,
    attempts BIGINT NOT NULL,
    last_error TEXT,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX jobs_by_run_at ON jobs (state, run_at_ms, id);

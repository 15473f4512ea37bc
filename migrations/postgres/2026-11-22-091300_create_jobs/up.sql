CREATE TABLE jobs (
    org_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL CHECK (length(id) = 36),
    name TEXT COLLATE "C" NOT NULL,
    payload TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('ready', 'running', 'dead')),
    run_at_ms BIGINT NOT NULL,
    leased_until_ms BIGINT,
    attempts BIGINT NOT NULL,
    last_error TEXT COLLATE "C",
    PRIMARY KEY (org_id, id)
);
CREATE INDEX jobs_by_run_at ON jobs (state, run_at_ms, id);

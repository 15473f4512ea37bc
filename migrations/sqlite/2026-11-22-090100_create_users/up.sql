CREATE TABLE teams (
    org_id TEXT NOT NULL REFERENCES organisations (id),
    id TEXT NOT NULL CHECK (length(id) = 36),
    name TEXT NOT NULL,
    PRIMARY KEY (org_id, id)
);

CREATE TABLE grids (
    org_id TEXT NOT NULL REFERENCES organisations (id),
    id TEXT NOT NULL CHECK (length(id) = 36),
    name TEXT NOT NULL,
    PRIMARY KEY (org_id, id)
);

CREATE TABLE users (
    org_id TEXT NOT NULL REFERENCES organisations (id),
    id TEXT NOT NULL CHECK (length(id) = 36),
    login TEXT NOT NULL,
    name TEXT NOT NULL,
    staff_number TEXT,
    team_id TEXT,
    password_hash TEXT,
    is_disabled BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, login),
    FOREIGN KEY (org_id, team_id) REFERENCES teams (org_id, id)
);

CREATE TABLE user_roles (
    org_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    role TEXT NOT NULL,
    PRIMARY KEY (org_id, user_id, role),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
);

-- Growing delays instead of locks: a stranger cannot lock a person out.
CREATE TABLE login_delays (
    org_id TEXT NOT NULL REFERENCES organisations (id),
    login TEXT NOT NULL,
    failures BIGINT NOT NULL,
    blocked_until_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, login)
);

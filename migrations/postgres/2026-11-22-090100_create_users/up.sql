CREATE TABLE teams (
    org_id TEXT COLLATE "C" NOT NULL REFERENCES organisations (id),
    id TEXT COLLATE "C" NOT NULL CHECK (length(id) = 36),
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, id)
);

CREATE TABLE grids (
    org_id TEXT COLLATE "C" NOT NULL REFERENCES organisations (id),
    id TEXT COLLATE "C" NOT NULL CHECK (length(id) = 36),
    name TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, id)
);

CREATE TABLE users (
    org_id TEXT COLLATE "C" NOT NULL REFERENCES organisations (id),
    id TEXT COLLATE "C" NOT NULL CHECK (length(id) = 36),
    login TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    staff_number TEXT COLLATE "C",
    team_id TEXT COLLATE "C",
    password_hash TEXT COLLATE "C",
    is_disabled BOOLEAN NOT NULL,
    version BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, login),
    FOREIGN KEY (org_id, team_id) REFERENCES teams (org_id, id)
);

CREATE TABLE user_roles (
    org_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, user_id, role),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
);

-- Growing delays instead of locks: a stranger cannot lock a person out.
CREATE TABLE login_delays (
    org_id TEXT COLLATE "C" NOT NULL REFERENCES organisations (id),
    login TEXT COLLATE "C" NOT NULL,
    failures BIGINT NOT NULL,
    blocked_until_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, login)
);

-- The latest position of each item per audience (design section 3, point 4).
CREATE TABLE feed (
    org_id TEXT NOT NULL,
    audience TEXT NOT NULL,
    kind TEXT NOT NULL,
    item TEXT NOT NULL,
    pos BIGINT NOT NULL,
    entered_pos BIGINT NOT NULL,
    op TEXT NOT NULL CHECK (op IN ('put', 'gone')),
    PRIMARY KEY (org_id, audience, kind, item)
);
CREATE UNIQUE INDEX feed_by_pos ON feed (org_id, audience, pos);
CREATE INDEX feed_by_item ON feed (org_id, kind, item);

CREATE TABLE audience_heads (
    org_id TEXT NOT NULL,
    audience TEXT NOT NULL,
    pos BIGINT NOT NULL,
    PRIMARY KEY (org_id, audience)
);

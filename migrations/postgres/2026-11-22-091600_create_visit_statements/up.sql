-- Which statements a visit document names: the evidence is incomplete until each is here.
CREATE TABLE visit_statements (
    org_id TEXT COLLATE "C" NOT NULL,
    visit_id TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, visit_id, digest)
);

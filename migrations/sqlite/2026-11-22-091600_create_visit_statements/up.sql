-- Which statements a visit document names: the evidence is incomplete until each is here.
CREATE TABLE visit_statements (
    org_id TEXT NOT NULL,
    visit_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    PRIMARY KEY (org_id, visit_id, digest)
);

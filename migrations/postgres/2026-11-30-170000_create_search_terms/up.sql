-- Where names and addresses begin, so that a part of one is found by an index: names from each character on, addresses
-- from where a part of them begins. What is there already gets a term from each of its characters, which finds the same.
CREATE TABLE search_terms (
    org_id TEXT COLLATE "C" NOT NULL REFERENCES organisations (id),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('name', 'address', 'site')),
    term TEXT COLLATE "C" NOT NULL,
    subject_id TEXT COLLATE "C" NOT NULL CHECK (length(subject_id) = 36),
    PRIMARY KEY (org_id, kind, term, subject_id)
);
INSERT INTO search_terms (org_id, kind, term, subject_id)
WITH RECURSIVE starts (start) AS (SELECT 1 UNION ALL SELECT start + 1 FROM starts WHERE start < 300)
SELECT org_id, 'name', substr(name_folded, start, 12), id FROM customers JOIN starts ON start <= length(name_folded)
UNION
SELECT org_id, 'address', substr(address_folded, start, 12), id FROM customers JOIN starts ON start <= length(address_folded)
UNION
SELECT org_id, 'site', substr(address_folded, start, 12), id FROM sites JOIN starts ON start <= length(address_folded);

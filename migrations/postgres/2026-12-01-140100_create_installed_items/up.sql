-- Materials and equipment that visits say were used, and the serial numbers that were answered; they follow from the
-- documents. `serial_key` is the serial as serials are compared.
CREATE TABLE installed_items (
    org_id TEXT COLLATE "C" NOT NULL,
    visit_id TEXT COLLATE "C" NOT NULL,
    -- Record id of the material, or code of the question.
    item_id TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL CHECK (source IN ('material', 'answer')),
    ordinal BIGINT NOT NULL,
    sku TEXT COLLATE "C" NOT NULL,
    quantity TEXT COLLATE "C" NOT NULL,
    unit TEXT COLLATE "C" NOT NULL,
    serial TEXT COLLATE "C",
    serial_key TEXT COLLATE "C",
    at_ms BIGINT NOT NULL,
    noted_by TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, visit_id, source, item_id),
    FOREIGN KEY (org_id, visit_id) REFERENCES visits (org_id, id)
);
CREATE INDEX installed_items_by_serial ON installed_items (org_id, serial_key, visit_id) WHERE serial_key IS NOT NULL;

-- Visits that have a document are derived anew when they are looked at, behind all that comes meanwhile, which is why they are
-- due in the year 2100.
INSERT INTO photo_checks (org_id, visit_id, revision, due_at_ms)
SELECT org_id, visit_id, 1, 4102444800000 FROM documents WHERE true
ON CONFLICT DO NOTHING;

CREATE TABLE customers (
    org_id TEXT NOT NULL REFERENCES organisations (id),
    id TEXT NOT NULL CHECK (length(id) = 36),
    kind TEXT NOT NULL CHECK (kind IN ('individual', 'institution')),
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL,
    address TEXT NOT NULL,
    address_folded TEXT NOT NULL,
    version BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX customers_by_name ON customers (org_id, name_folded, id);
CREATE INDEX customers_by_address ON customers (org_id, address_folded, id);

CREATE TABLE customer_phones (
    org_id TEXT NOT NULL,
    customer_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    phone TEXT NOT NULL,
    digits TEXT NOT NULL,
    last_four TEXT NOT NULL,
    PRIMARY KEY (org_id, customer_id, position),
    FOREIGN KEY (org_id, customer_id) REFERENCES customers (org_id, id)
);
CREATE INDEX customer_phones_by_digits ON customer_phones (org_id, digits);
CREATE INDEX customer_phones_by_last_four ON customer_phones (org_id, last_four);

CREATE TABLE sites (
    org_id TEXT NOT NULL,
    id TEXT NOT NULL CHECK (length(id) = 36),
    customer_id TEXT NOT NULL,
    grid_id TEXT,
    address TEXT NOT NULL,
    address_folded TEXT NOT NULL,
    lat_udeg BIGINT,
    lon_udeg BIGINT,
    acc_m BIGINT,
    datum TEXT,
    scene TEXT NOT NULL,
    access_note TEXT,
    version BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, customer_id) REFERENCES customers (org_id, id),
    FOREIGN KEY (org_id, grid_id) REFERENCES grids (org_id, id)
);
CREATE INDEX sites_by_customer ON sites (org_id, customer_id);
CREATE INDEX sites_by_address ON sites (org_id, address_folded, id);

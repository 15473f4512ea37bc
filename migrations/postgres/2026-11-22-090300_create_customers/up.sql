CREATE TABLE customers (
    org_id TEXT COLLATE "C" NOT NULL REFERENCES organisations (id),
    id TEXT COLLATE "C" NOT NULL CHECK (length(id) = 36),
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('individual', 'institution')),
    name TEXT COLLATE "C" NOT NULL,
    name_folded TEXT COLLATE "C" NOT NULL,
    address TEXT COLLATE "C" NOT NULL,
    address_folded TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id)
);
CREATE INDEX customers_by_name ON customers (org_id, name_folded, id);
CREATE INDEX customers_by_address ON customers (org_id, address_folded, id);

CREATE TABLE customer_phones (
    org_id TEXT COLLATE "C" NOT NULL,
    customer_id TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    phone TEXT COLLATE "C" NOT NULL,
    digits TEXT COLLATE "C" NOT NULL,
    last_four TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (org_id, customer_id, position),
    FOREIGN KEY (org_id, customer_id) REFERENCES customers (org_id, id)
);
CREATE INDEX customer_phones_by_digits ON customer_phones (org_id, digits);
CREATE INDEX customer_phones_by_last_four ON customer_phones (org_id, last_four);

CREATE TABLE sites (
    org_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL CHECK (length(id) = 36),
    customer_id TEXT COLLATE "C" NOT NULL,
    grid_id TEXT COLLATE "C",
    address TEXT COLLATE "C" NOT NULL,
    address_folded TEXT COLLATE "C" NOT NULL,
    lat_udeg BIGINT,
    lon_udeg BIGINT,
    acc_m BIGINT,
    datum TEXT COLLATE "C",
    scene TEXT COLLATE "C" NOT NULL,
    access_note TEXT COLLATE "C",
    version BIGINT NOT NULL,
    created_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, customer_id) REFERENCES customers (org_id, id),
    FOREIGN KEY (org_id, grid_id) REFERENCES grids (org_id, id)
);
CREATE INDEX sites_by_customer ON sites (org_id, customer_id);
CREATE INDEX sites_by_address ON sites (org_id, address_folded, id);

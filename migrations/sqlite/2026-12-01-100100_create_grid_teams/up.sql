-- Which team serves a grid; the number of the row counts the changes.
CREATE TABLE grid_teams (
    org_id TEXT NOT NULL,
    grid_id TEXT NOT NULL,
    team_id TEXT,
    version BIGINT NOT NULL,
    PRIMARY KEY (org_id, grid_id),
    FOREIGN KEY (org_id, grid_id) REFERENCES grids (org_id, id),
    FOREIGN KEY (org_id, team_id) REFERENCES teams (org_id, id)
);

-- Grids and teams have codes, where they were added with one, and versions; a team has a lead.
ALTER TABLE grids ADD COLUMN code TEXT COLLATE "C";
ALTER TABLE grids ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
UPDATE grids SET version = COALESCE((SELECT grid_teams.version FROM grid_teams
    WHERE grid_teams.org_id = grids.org_id AND grid_teams.grid_id = grids.id), 0);
CREATE UNIQUE INDEX grids_by_code ON grids (org_id, code);
ALTER TABLE teams ADD COLUMN code TEXT COLLATE "C";
ALTER TABLE teams ADD COLUMN lead_id TEXT COLLATE "C";
ALTER TABLE teams ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX teams_by_code ON teams (org_id, code);

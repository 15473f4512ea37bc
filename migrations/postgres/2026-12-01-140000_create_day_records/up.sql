-- Where a team begins its day: a version holds all of its places, and never changes.
CREATE TABLE meeting_places (
    org_id TEXT COLLATE "C" NOT NULL,
    team_id TEXT COLLATE "C" NOT NULL,
    version BIGINT NOT NULL,
    -- JSON array of places.
    places TEXT COLLATE "C" NOT NULL,
    set_by TEXT COLLATE "C" NOT NULL,
    set_at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, team_id, version),
    FOREIGN KEY (org_id, team_id) REFERENCES teams (org_id, id),
    FOREIGN KEY (org_id, set_by) REFERENCES users (org_id, id)
);

CREATE TRIGGER meeting_places_no_update BEFORE UPDATE ON meeting_places FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER meeting_places_no_delete BEFORE DELETE ON meeting_places FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER meeting_places_no_truncate BEFORE TRUNCATE ON meeting_places FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Which day check-ins, kit checks and notes are about; what they say is in their intents.
CREATE TABLE day_records (
    org_id TEXT COLLATE "C" NOT NULL,
    intent_id TEXT COLLATE "C" NOT NULL,
    user_id TEXT COLLATE "C" NOT NULL,
    day TEXT COLLATE "C" NOT NULL,
    -- On the server's clock, as well as the phone knew it.
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (org_id, intent_id)
);
CREATE INDEX day_records_by_day ON day_records (org_id, day, user_id);

-- Those that are here already.
INSERT INTO day_records (org_id, intent_id, user_id, day, at_ms)
SELECT org_id, id, user_id, said #>> '{body,date}',
    (said #>> '{at,wall_ms}')::bigint + coalesce((said #>> '{at,off_ms}')::bigint, 0)
FROM (SELECT org_id, id, user_id, convert_from(bytes, 'UTF8')::json AS said
    FROM intents WHERE kind IN ('day_check_in', 'day_kit', 'day_note')) AS days;

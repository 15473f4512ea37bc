CREATE INDEX audit_events_by_actor ON audit_events (org_id, actor_id, id);
CREATE INDEX audit_events_by_kind ON audit_events (org_id, kind, id);

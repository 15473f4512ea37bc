DROP INDEX visits_by_pinned_policy;
DROP INDEX visits_by_pinned_template;
ALTER TABLE visits DROP COLUMN pinned_policy_version;
ALTER TABLE visits DROP COLUMN pinned_template;

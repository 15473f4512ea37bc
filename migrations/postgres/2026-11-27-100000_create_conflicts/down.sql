DROP TABLE visit_conflicts;
DROP TABLE conflict_choices;

DROP TABLE visit_late_work;
DROP TABLE late_decisions;
DROP TABLE late_work;

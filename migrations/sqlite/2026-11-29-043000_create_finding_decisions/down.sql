DROP TABLE finding_decisions;

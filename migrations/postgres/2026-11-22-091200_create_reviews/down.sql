DROP TABLE review_claims;
DROP TABLE reworks;
DROP TABLE verdicts;

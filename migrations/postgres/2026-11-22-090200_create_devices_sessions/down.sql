DROP TABLE nonces;
DROP TABLE refresh_families;
DROP TABLE enrolment_codes;
DROP TABLE devices;

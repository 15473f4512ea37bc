DROP TABLE notices;
DROP TABLE customer_consents;

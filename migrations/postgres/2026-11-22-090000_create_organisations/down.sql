DROP TABLE number_series;
DROP TABLE signing_keys;
DROP TABLE store_epoch;
DROP TABLE organisations;

DROP TABLE photo_looks;

DROP TABLE day_sign_offs;

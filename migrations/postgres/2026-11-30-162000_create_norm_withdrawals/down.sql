DROP TABLE norm_withdrawals;

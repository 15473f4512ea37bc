DROP TABLE complete_receipts;

DROP TABLE complete_receipts;
DROP FUNCTION complete_receipts_immutable();

DROP TABLE legal_hold_ends;
DROP TABLE legal_holds;
DROP TABLE archive_items;
DROP TABLE archive_due;

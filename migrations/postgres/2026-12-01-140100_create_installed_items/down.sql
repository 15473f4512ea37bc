DROP TABLE installed_items;

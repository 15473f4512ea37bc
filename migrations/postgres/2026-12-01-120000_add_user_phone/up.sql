-- Where customers reach a person.
ALTER TABLE users ADD COLUMN phone TEXT COLLATE "C";

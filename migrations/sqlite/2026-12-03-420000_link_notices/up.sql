-- The link in a message, which goes to the customer alone; forgotten once it is sent, or is not to be.
ALTER TABLE notices ADD COLUMN link TEXT;

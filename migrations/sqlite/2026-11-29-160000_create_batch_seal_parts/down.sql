DROP TABLE batch_seal_parts;

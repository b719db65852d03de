-- The account's breaker; the pause that it asks for is set with it.
ALTER TABLE accounts ADD COLUMN breaker TEXT;
ALTER TABLE accounts ADD COLUMN breaker_version INTEGER NOT NULL DEFAULT 0;

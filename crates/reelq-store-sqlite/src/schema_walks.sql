-- Listings walk the jobs of a status in the order of the manifest, and step over nothing that is not wanted.
DROP INDEX jobs_status;
CREATE INDEX jobs_listed ON jobs (batch, status, account, position);
-- Of those without a line only what is shown.
DROP INDEX jobs_unlisted;
CREATE INDEX jobs_unlisted ON jobs (batch, seq) WHERE position IS NULL AND (bought OR status < 5);
-- Whether a budget covers any of the jobs that wait.
CREATE INDEX jobs_cheapest ON jobs (batch, price) WHERE status = 0;
-- What a claim that is narrowed to one batch asks for.
CREATE INDEX jobs_poll_of_batch ON jobs (account, batch, due) WHERE queue = 4;
CREATE INDEX jobs_fetch_of_batch ON jobs (account, batch, coalesce(deadline, 9223372036854775807), seq) WHERE queue = 5;
-- The queues that few jobs are in share one.
CREATE INDEX jobs_later_of_batch ON jobs (queue, account, batch, due) WHERE queue IN (2, 3, 6);

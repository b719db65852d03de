-- Its being known shows that this server has not been restarted or replaced since somebody looked.
-- KEYS: 1 server, 2 epoch
-- ARGV: none
-- Result: {the id of the server that the namespace was last seen on, or false; the epoch, or false}
return redis.call('MGET', KEYS[1], KEYS[2])

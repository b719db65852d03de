-- Notes the format of the namespace where it is new.
--
-- ARGV[2]  { format }: the newest that the client reads
-- Result   { now, format }: what the namespace has

-- A full server, or one that only reads, is written to only where something is to be noted.
if not call('GET', P .. 'format') then call('SET', P .. 'format', args[1]) end
return answer(integer(call('GET', P .. 'format')))

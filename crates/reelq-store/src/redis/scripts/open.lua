-- Notes the format of the namespace where it is new.
--
-- ARGV[2]  { format }: the newest that the client reads
-- Result   { now, format }: what the namespace has

call('SETNX', P .. 'format', args[1])
return answer(integer(call('GET', P .. 'format')))

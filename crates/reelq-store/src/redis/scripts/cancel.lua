-- Notes a person's wish to cancel a job that is in hand or at the provider, without touching its lease.
--
-- ARGV[2]  { id }
-- Result   { now, word, record }; the record where `word` is 1 or 3, else ''
--          word   0 there is no such job · 1 it waits to be submitted: withdraw it · 2 noted · 3 refused

local NO_JOB, WITHDRAW_IT, NOTED, REFUSED = 0, 1, 2, 3

local rec = known(args[1])
if unreadable[args[1]] then return answer(REFUSED, unreadable[args[1]]) end
if not rec then return answer(NO_JOB, '') end
if rec.status == QUEUED and not in_hand(rec) then return answer(WITHDRAW_IT, encode(rec)) end
if rec.status ~= QUEUED and rec.status ~= SUBMITTING and rec.status ~= RUNNING then
  return answer(REFUSED, encode(rec))
end
if rec.cancel ~= 1 then
  rec.cancel = 1
  save(rec)
  flush()
end
bring_news()
return answer(NOTED, '')

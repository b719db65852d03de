-- Pauses an account. Of two pauses for the same reason the longer stands, from the beginning of the first.
--
-- ARGV[2]  { account, kind, reason, lasts }: reason as JSON; lasts in milliseconds, -1 until a person resumes it
-- Result   { now }

local name, kind, reason, lasts = unpack(args)
local key, field = account_key(account_for(name)), 'pause:' .. kind
local since, ends = now, lasts >= 0 and now + lasts or 0
local standing = call('HGET', key, field)
standing = kept.list(standing)
if standing and kept.number(standing[2]) and kept.number(standing[3]) and (standing[3] == 0 or standing[3] > now) then
  since = standing[2]
  ends = (ends == 0 or standing[3] == 0) and 0 or math.max(ends, standing[3])
end
call('HSET', key, field, cmsgpack.pack({ reason, since, ends }))
bring_news()
return answer()

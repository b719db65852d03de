-- Tells what is known of each of a list of ids.
--
-- ARGV[2]  a list of ids
-- Result   { now, { { status, bought } … } }; status -1 where there is no such job

prefetch(args)
local found = {}
for at, id in ipairs(args) do
  local rec = known(id)
  if rec then
    found[at] = { rec.status, has(rec.flags, FLAGS.bought) }
  else
    -- What cannot be read may have been bought.
    found[at] = unreadable[id] and { UNCONFIRMED, true } or { -1, false }
  end
end
return answer(found)

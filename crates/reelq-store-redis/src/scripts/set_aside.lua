-- Parks jobs whose JSON a client cannot read: they are in no queue and held by no worker until a retry.
--
-- ARGV[2]  a list of { id, version, reason }
-- Result   { now }

local ids, changed = {}, false
for at, list in ipairs(args) do ids[at] = list[1] end
prefetch(ids)
for _, list in ipairs(args) do
  local rec = record(list[1])
  if rec and rec.version == list[2] then
    lift(rec)
    rec.version, rec.token, rec.due = rec.version + 1, '', 0
    if not has(rec.flags, FLAGS.parked) then rec.flags = rec.flags + FLAGS.parked end
    unlease(rec)
    write_history(rec, 'parked', '', list[3])
    set_down(rec)
    changed = true
  elseif rec == false then
    forget_lease(list[1])
  end
end
flush()
if changed then bring_news() end
return answer()

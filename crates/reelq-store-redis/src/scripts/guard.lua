-- The guard: whether the namespace is what this client knows of, and whether everyone's journal was reconciled with it.
-- Losses take the end of what was written, never its middle: what is still there shows that all before it is, too.
--
-- ARGV[3]  { format, identity, counter, folder, fresh, era, generation }
--            format     that the client reads and writes; 0: it asks (open.lua)
--            identity   of the namespace as the client knows it; '' where it knows none
--            counter    the highest that it was answered under that identity
--            folder     its journal's; '' where it has none, for it buys nothing or has no one to forget
--            era, generation   of the last answer that it took in under that identity; 0 and '' where there is none
--            fresh      a word that no one has used before, for an identity or a generation that begins with this call

do
  local told = cmsgpack.unpack(ARGV[3])
  guard.format, guard.told_identity, guard.told_counter, guard.folder, guard.fresh, guard.told_era, guard.told_generation =
    unpack(told)
  local found = call('HMGET', guard.key, 'format', 'identity', 'generation', 'counter', 'awaited', 'absent', 'roster', 'era', 'moving')
  guard.found, guard.identity, guard.generation = tonumber(found[1] or nil), found[2], found[3]
  guard.counter, guard.awaited, guard.absentees = integer(found[4]), integer(found[5]), integer(found[6])
  guard.roster, guard.era, guard.moving = integer(found[7]), integer(found[8]), found[9]
  -- Before there was a guard, the format had a key of its own.
  if not guard.found then guard.found = tonumber(call('GET', guard.old_format) or nil) end
end
if guard.found and guard.format ~= 0 and guard.found ~= guard.format then
  return cmsgpack.pack({ now, false, guard.found })
end
-- Its records are being moved to this format: nothing else is done until they all are (move.lua).
if guard.moving and guard.format ~= 0 then return cmsgpack.pack({ now, false, 0 }) end

-- A word of what the server says of itself; empty where it does not say.
function guard.info(section, name)
  return string.match(call('INFO', section), name .. ':(%w+)') or ''
end

-- Which server this is: another one, or one that was started again, has another run; one that became the master again has
-- another history.
function guard.server()
  return guard.info('server', 'run_id') .. guard.info('replication', 'master_replid')
end

-- How much this run of the server ever had of a master; nothing where it does not say.
function guard.fed()
  return guard.info('stats', 'total_net_repl_input_bytes')
end

-- Begins a namespace: whoever comes later finds this identity.
function guard.begin(format)
  guard.identity, guard.generation, guard.counter, guard.awaited = guard.fresh, guard.fresh, 0, 0
  call('HSET', guard.key, 'format', format, 'identity', guard.identity, 'generation', guard.generation, 'counter', 0,
    'survived', 0, 'at', text(now), 'server', guard.server(), 'fed', guard.fed())
  -- Programs of an earlier format look at these two only, the second in each claim: they stop.
  call('SET', guard.old_format, format)
  call('DEL', guard.old_hold)
  call('HSET', guard.old_hold, 'format', format)
end

-- Counts what was done. Once a call.
function guard.raise()
  if guard.raised then return end
  if not guard.identity then guard.begin(guard.format) end
  guard.raised, guard.counter = true, guard.counter + 1
  call('HSET', guard.key, 'counter', text(guard.counter), 'at', text(now))
end

-- Tells whoever watches that something changed.
local function bring_news()
  guard.raise()
  call('INCR', NEWS)
end

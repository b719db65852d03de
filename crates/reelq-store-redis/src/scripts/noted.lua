-- Tells which requests were asked for in which batch.
--
-- ARGV[2]  { verb, keys }; verbs and their results:
--            unnoted   { now, { { batch, generation } … } }: loaded since their requests were noted
--            seen      { now, loads, { { batch, load, is_settling } … } }: of the loads that are there, or as good as
--            find      { now, { { batch, job, … } … } }: of each key; job '' where it was bought and the batch is purged

local function unnoted()
  local found = {}
  for _, name in ipairs(call('ZRANGE', BATCHES, 0, -1)) do
    local b = call('HMGET', batch_key(number_of(BATCHES, name)), 'whole', 'purging', 'generation', 'noted')
    if integer(b[1]) == 1 and not b[2] and integer(b[3]) ~= integer(b[4]) then
      found[#found + 1] = { name, integer(b[3]) }
    end
  end
  return answer(found)
end

local function seen()
  local found = {}
  for _, name in ipairs(call('ZRANGE', BATCHES, 0, -1)) do
    local b = call('HMGET', batch_key(number_of(BATCHES, name)), 'whole', 'generation', 'settling')
    if b[3] then
      found[#found + 1] = { name, integer(b[3]), true }
    elseif integer(b[1]) == 1 then
      found[#found + 1] = { name, integer(b[2]), false }
    end
  end
  return answer(call('HGET', guard.key, 'loads') or '0', found)
end

local function find(keys)
  local found = {}
  for at, key in ipairs(keys) do
    local raw = call('HGET', P .. 'requests', key)
    found[at] = raw and kept.list(raw) or {}
  end
  return answer(found)
end

if args[1] == 'find' then return find(args[2]) end
if args[1] == 'seen' then return seen() end
return unnoted()

-- Notes which requests were asked for in which batch.
--
-- ARGV[2]  { verb, … }; verbs with what follows, and their results:
--            note      batch, notes → { now }; notes: key, what, job, again for each; what 0 job · 1 bought · 2 nothing
--            finish    batch, generation → { now }
--            trim      most → { now, more }

local JOB, BOUGHT = 0, 1
local TRIM_STEP = 1000
local requests, bought = P .. 'requests', P .. 'bought'

local function read(key)
  local raw = call('HGET', requests, key)
  return raw and kept.list(raw) or {}
end

local function write(key, entries)
  if #entries == 0 then call('HDEL', requests, key) else call('HSET', requests, key, cmsgpack.pack(entries)) end
end

-- The entries of a key without that of a batch.
local function without(key, batch)
  local entries, rest = read(key), {}
  for at = 1, #entries, 2 do
    if entries[at] ~= batch then
      rest[#rest + 1] = entries[at]
      rest[#rest + 1] = entries[at + 1]
    end
  end
  return rest
end

local function note(batch, notes)
  for at = 1, #notes, 3 do
    local key, what, job = notes[at], notes[at + 1], notes[at + 2]
    local entries = without(key, batch)
    if what == JOB or what == BOUGHT then
      entries[#entries + 1] = batch
      entries[#entries + 1] = what == JOB and job or ''
    end
    if what == BOUGHT then call('ZADD', bought, now, key .. batch) else call('ZREM', bought, key .. batch) end
    write(key, entries)
  end
  return answer()
end

local function finish(batch, generation)
  local number = number_of(BATCHES, batch)
  local key = number and batch_key(number)
  if key and integer(call('HGET', key, 'generation')) == generation then call('HSET', key, 'noted', generation) end
  return answer()
end

local function trim(most)
  local beyond = call('ZCARD', bought) - most
  if beyond > 0 then
    for _, member in ipairs(call('ZRANGE', bought, 0, math.min(beyond, TRIM_STEP) - 1)) do
      local key, batch = string.sub(member, 1, 16), string.sub(member, 17)
      write(key, without(key, batch))
      call('ZREM', bought, member)
    end
  end
  return answer(beyond > TRIM_STEP)
end

local verbs = { note = note, finish = finish, trim = trim }
return verbs[args[1]](args[2], args[3])

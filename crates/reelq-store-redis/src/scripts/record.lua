-- A job's record, in two keys. What was asked for, which a load writes once: a packed head, and behind it the request's fields as
-- JSON. And its state, from its first change on: when it is due as 15 digits, its queue as one, a packed head, and behind it what
-- only the clients understand, as JSON. Who has it in hand stands in neither: its lease is in two sets (leases.lua), and adds one
-- to its version. `src/header.rs` reads and writes the same bytes.

local FORMAT = 2
local FLAGS = { parked = 1, bought = 2, unpriced = 4, overdue = 8, orphan = 16 }

local function has(flags, flag)
  return math.floor(flags / flag) % 2 == 1
end

-- Whether the lease of this version still holds.
local function holds(rec, version)
  return rec and rec.version == version and rec.lease_until > now
end

local ALWAYS_THERE, BEFORE_HEAD = 12, 16

-- Records that cannot be read, as they are answered. A script does without them: one that failed would stop all others.
local unreadable = {}
local encode, read_asked, read_head, read_record, worker_of, write_asked
do
  -- What many jobs have in common: { batch, account, provider, model, mode, price, priority }, packed, by its digest.
  local kinds_of = remembered(function(batch)
    return remembered(function(kind) return call('HGET', kinds_key(batch), kind) or '' end)
  end)
  local terms_of = remembered(function(content) return cmsgpack.unpack(content) end)
  local account_of = remembered(function(name) return number_of(ACCOUNTS, name) or false end)

  -- Whether all of them are numbers: what is none, or has no end, is not the same as itself without itself.
  local function are_numbers(list, first, last)
    for at = first, last do
      local value = list[at]
      if type(value) ~= 'number' or value - value ~= 0 then return false end
    end
    return true
  end

  -- What a load wrote, and the fields behind it.
  function read_asked(raw)
    local at, h = cmsgpack.unpack_one(raw)
    if h[1] ~= FORMAT or type(h[2]) ~= 'string' or not are_numbers(h, 3, 7) then error('a record of format ' .. tostring(h[1])) end
    return h, at + 1
  end

  -- The same, with other entries and, where they are given, other fields.
  function write_asked(raw, entries, fields)
    local h, at = read_asked(raw)
    for entry, value in pairs(entries) do h[entry] = value end
    return cmsgpack.pack(h) .. (fields or string.sub(raw, at))
  end

  -- A job that no one has changed since it was loaded.
  local function as_loaded(id, asked)
    local h = read_asked(asked)
    local terms = terms_of(kinds_of(h[3])(h[2]))
    if not are_numbers(terms, 6, 7) then error('a kind of job') end
    return {
      id = id, version = 1, batch = h[3], account = account_of(terms[2]), load = h[4], seq = h[5], position = h[6], status = QUEUED, queue = 1,
      flags = terms[6] < 0 and FLAGS.unpriced or 0, cancel = 0, priority = terms[7], price = terms[6], due = h[7], spent = 0,
      reserved = 0, deadline = 0, token = '', days = {}, history = '',
      json = '{"stage":{"stage":"ready"}}',
    }
  end

  -- When a job is due and its queue, what its state begins with, and where that ends.
  function read_head(raw)
    local due, queue = string.match(string.sub(raw, 1, BEFORE_HEAD), '^(%d+)(%d)$')
    local at, h = cmsgpack.unpack_one(raw, BEFORE_HEAD)
    local optional = { h[13] or 0, h[14] or 0, h[15] or 0 }
    local texts = type(h[16] or '') == 'string' and type(h[18] or '') == 'string'
    if not due or h[1] ~= FORMAT or not are_numbers(h, 1, ALWAYS_THERE) or not are_numbers(optional, 1, 3) or not texts
      or type(h[17] or {}) ~= 'table' then
      error('a record of format ' .. tostring(h[1]))
    end
    return due, queue, h, at
  end

  local function decode(id, raw)
    local due, queue, h, at = read_head(raw)
    return {
      id = id, version = h[2], batch = h[3], account = h[4], load = h[5], seq = h[6], position = h[7], status = h[8],
      queue = tonumber(queue), flags = h[9], cancel = h[10], priority = h[11], price = h[12], due = tonumber(due),
      spent = h[13] or 0, reserved = h[14] or 0, deadline = h[15] or 0, token = h[16] or '', days = h[17] or {},
      history = h[18] or '', raw = raw, json_at = at + 1,
    }
  end

  local function answered(id, lease_until, worker, state, asked)
    local fine, h = pcall(read_asked, asked)
    return cmsgpack.pack({ id, lease_until, worker, state, asked, fine and kinds_of(h[3])(h[2]) or '' })
  end

  -- As a script answers it: its id, the end of its lease, its worker, both keys, and what the kind of the job is.
  function encode(rec)
    return answered(rec.id, rec.lease_until, rec.worker, rec.raw or '', rec.asked)
  end

  -- Whose name stands in a holder, behind what tells it from others.
  function worker_of(holder)
    return string.match(holder or '', '^........([^%z]*)')
  end

  -- The record, or false where it cannot be read. `lease_until` and `holder` are those of whoever has it in hand, or false.
  function read_record(id, state, asked, lease_until, holder)
    local fine, rec
    if state then fine, rec = pcall(decode, id, state) else fine, rec = pcall(as_loaded, id, asked) end
    local lapses, worker = lease_until and tonumber(lease_until) or 0, worker_of(holder)
    if not fine or not rec.account then
      -- What a newer version wrote is its own: this one stops, rather than take it out of the queues.
      local _, at, h = pcall(cmsgpack.unpack_one, state or asked, state and BEFORE_HEAD or 0)
      local newer = at and type(h) == 'table' and type(h[1]) == 'number' and h[1] > FORMAT
      if newer and (guard.found or 0) > FORMAT then error(rec, 0) end
      unreadable[id] = answered(id, 0, '', state or '', asked or '')
      return false
    end
    rec.asked, rec.lease_until, rec.worker, rec.holder = asked or '', lapses, lapses ~= 0 and worker or '', holder or ''
    if lapses ~= 0 then
      rec.version, rec.was_held = rec.version + 1, true
      rec.queue = follow.has(rec) and FOLLOWED or NONE
    end
    return rec
  end
end

-- The job as JSON, without what was asked for. It is cut out where it is wanted: most changes bring another.
local function json_of(rec)
  rec.json = rec.json or string.sub(rec.raw, rec.json_at)
  return rec.json
end

-- Records read in this script, as they stand after its changes.
local records = {}

-- What is kept of a list of ids, no more than half of AT_ONCE: their states, and behind them what was asked for; when their leases
-- lapse; and who has them in hand, by id.
local function kept_of(ids)
  local keys, held, holders = {}, {}, {}
  for at, id in ipairs(ids) do keys[at], keys[#ids + at] = state_key(id), asked_key(id) end
  local found, lapses = call('MGET', unpack(keys)), call('ZMSCORE', LEASES, unpack(ids))
  for at, id in ipairs(ids) do
    if lapses[at] then held[#held + 1] = id end
  end
  for at, holder in ipairs(#held > 0 and call('HMGET', HOLDERS, unpack(held)) or {}) do holders[held[at]] = holder end
  return found, lapses, holders
end

-- Reads the records of a list of ids in one go.
local function prefetch(ids)
  local missing = {}
  for _, id in ipairs(ids) do
    if records[id] == nil then missing[#missing + 1] = id end
  end
  for first = 1, #missing, AT_ONCE / 2 do
    local some = { unpack(missing, first, math.min(first + AT_ONCE / 2 - 1, #missing)) }
    local found, lapses, holders = kept_of(some)
    for at, id in ipairs(some) do
      local state, asked = found[at], found[#some + at]
      records[id] = (state or asked) and read_record(id, state, asked, lapses[at], holders[id])
    end
  end
end

-- The record, or false where there is none, or none that can be read.
local function record(id)
  if records[id] == nil then prefetch({ id }) end
  return records[id]
end

local generations = {}

-- The record of a job that a finished load brought: those of an unfinished one are out of sight.
local function known(id)
  local rec = record(id)
  if not rec then return false end
  local generation = generations[rec.batch]
  if not generation then
    generation = integer(call('HGET', batch_key(rec.batch), 'generation'))
    generations[rec.batch] = generation
  end
  return rec.load <= generation and rec
end

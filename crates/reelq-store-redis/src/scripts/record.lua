-- A job's record: a packed header, which scripts read and write, and behind it the job itself as JSON, which only the
-- clients understand. `src/redis/record.rs` reads the same bytes.

local FORMAT = 1
-- Stands for a due time that is the job's own `queued_at`: eight bytes less for each job that waits.
local SINCE_QUEUED = 1
local FLAGS = { parked = 1, bought = 2, unpriced = 4, overdue = 8, orphan = 16 }

local QUEUED, SUBMITTING, UNCONFIRMED, RUNNING, FETCHING, SUCCEEDED = 0, 1, 2, 3, 4, 5

local function has(flags, flag)
  return math.floor(flags / flag) % 2 == 1
end

local function in_hand(rec)
  return rec.lease_until ~= 0
end

-- Whether the lease of this version still holds.
local function holds(rec, version)
  return rec and rec.version == version and rec.lease_until > now
end

local ALWAYS_THERE = 14

-- Records whose header cannot be read, as they are. A script does without them: one that failed would stop all others.
local unreadable = {}
local decode_or_note
do
  -- Whether a header says what scripts calculate with.
  local function is_sound(h)
    for at = 1, 18 do
      local value = h[at]
      if value == nil and at <= ALWAYS_THERE then return false end
      if value ~= nil and (type(value) ~= 'number' or value ~= value or math.abs(value) == math.huge) then return false end
    end
    local texts = type(h[19] or '') == 'string' and type(h[20] or '') == 'string'
    return h[1] == FORMAT and texts and type(h[21] or {}) == 'table'
  end

  local function decode(id, raw)
    local at, h = cmsgpack.unpack_one(raw)
    if not is_sound(h) then error('a record of format ' .. tostring(h[1])) end
    return {
      id = id, version = h[2], batch = h[3], account = h[4], load = h[5], seq = h[6], position = h[7], status = h[8],
      queue = h[9], flags = h[10], cancel = h[11], priority = h[12], price = h[13], due = h[14], spent = h[15] or 0,
      reserved = h[16] or 0, deadline = h[17] or 0, lease_until = h[18] or 0, worker = h[19] or '', token = h[20] or '',
      days = h[21] or {}, raw = raw, json_at = at + 1,
    }
  end

  function decode_or_note(id, raw)
    local fine, rec = pcall(decode, id, raw)
    if fine then return rec end
    -- What a newer version wrote is its own: this one stops, rather than take it out of the queues.
    local _, at, h = pcall(cmsgpack.unpack_one, raw)
    local newer = at and type(h) == 'table' and type(h[1]) == 'number' and h[1] > FORMAT
    if newer and integer(call('GET', P .. 'format')) > FORMAT then error(rec, 0) end
    unreadable[id] = raw
    return false
  end
end

-- The job as JSON. It is cut out of the record where it is wanted: most changes bring another.
local function json_of(rec)
  rec.json = rec.json or string.sub(rec.raw, rec.json_at)
  return rec.json
end

local function is_default(value)
  return value == 0 or value == '' or (type(value) == 'table' and #value == 0)
end

-- Entries past the due time are left out from the end for as long as they say nothing: most jobs only wait.
local function encode(rec)
  local h = {
    FORMAT, rec.version, rec.batch, rec.account, rec.load, rec.seq, rec.position, rec.status, rec.queue, rec.flags,
    rec.cancel, rec.priority, rec.price, rec.due, rec.spent, rec.reserved, rec.deadline, rec.lease_until, rec.worker,
    rec.token, rec.days,
  }
  while #h > ALWAYS_THERE and is_default(h[#h]) do h[#h] = nil end
  return cmsgpack.pack(h) .. json_of(rec)
end

-- Records read in this script, as they stand after its changes.
local records = {}

-- Reads the records of a list of ids in one go.
local function prefetch(ids)
  local missing = {}
  for _, id in ipairs(ids) do
    if records[id] == nil then missing[#missing + 1] = id end
  end
  for first = 1, #missing, AT_ONCE do
    local keys = {}
    for at = first, math.min(first + AT_ONCE - 1, #missing) do keys[#keys + 1] = job_key(missing[at]) end
    for at, raw in ipairs(call('MGET', unpack(keys))) do
      local id = missing[first + at - 1]
      records[id] = raw and decode_or_note(id, raw)
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

-- The request's fields in a job's JSON, as they stand there; nil where they cannot be found.
local function fields_of(json)
  return string.match(json, '"fields":(.-)},"price":')
end

-- Adds lines and their unknown jobs to an unfinished load; nothing of it is in sight before the load is finished. A
-- line that the load has already is passed over, so that a call may be repeated.
--
-- ARGV[2]  { batch, load, queued_at, kinds, lines }
--            kinds   of jobs, which differ only in id and words: { account, price, priority, flags, digest, content }
--            lines   flat: id, number of its kind, the request's fields as JSON, packed line; again for each
-- Result   { now, word, new, known, rows }
--            word    0 done · 1 the load was superseded · 2 two rows, `rows`, ask for the same job: nothing was added

local DONE, SUPERSEDED, TWICE = 0, 1, 2
local FIELDS = 4
local CANCELLED = 7

local name, load, queued_at, kinds, lines = unpack(args)
local batch = number_of(BATCHES, name)
local key = batch and batch_key(batch)
local b = key and call('HMGET', key, 'loading', 'settling', 'loading_lines', 'generation')
if not b or integer(b[1]) ~= load or b[2] then return answer(SUPERSEDED, 0, 0, {}) end

local before, generation = integer(b[3]), integer(b[4])
local position = before
local lines_at, known_at = lines_key(batch, load), known_key(batch, load)
local seq = call('INCRBY', SEQUENCE, #lines / FIELDS) - #lines / FIELDS

-- Each kind's account, its queue, and the bytes of its records before sequence and position, put together once for all of them.
local since = cmsgpack.pack(queued_at)
for _, kind in ipairs(kinds) do
  local account = account_for(kind[1])
  local group = group_of({ batch = batch, price = kind[2], priority = kind[3], load = load })
  kind.account = account
  kind.front = '\151' .. cmsgpack.pack(FORMAT, kind[5], batch, load)
  kind.fresh = fresh_key(account, group)
  kind.entry = text(account) .. ':' .. group
  kind.members = {}
end

local packed, fresh, new = {}, {}, 0

local function add_new(at, kind)
  position, seq, new = position + 1, seq + 1, new + 1
  local id = lines[at]
  fresh[#fresh + 1] = asked_key(id)
  fresh[#fresh + 1] = kind.front .. cmsgpack.pack(seq, position) .. since .. lines[at + 2]
  kind.members[#kind.members + 1] = id
  packed[#packed + 1] = lines[at + 3]
end

local staged_known = {}

local function add_known(at, kind)
  position = position + 1
  local id = lines[at]
  staged_known[#staged_known + 1] = id
  local rec = record(id)
  local waits = rec and (rec.status == QUEUED or rec.status == CANCELLED)
  local fields = waits and lines[at + 2] or ''
  staged_known[#staged_known + 1] = cmsgpack.pack({ position, kind.account, kind[1], kind[2], kind[3], fields })
  packed[#packed + 1] = lines[at + 3]
end

-- Where the load already has a line for the job; nil where it has none.
local here = {}
local function place_of(id)
  if here[id] then return here[id] end
  local rec = record(id)
  if rec and rec.load == load then return rec.position end
  local known_line = call('HGET', known_at, id)
  return known_line and cmsgpack.unpack(known_line)[1]
end

local function row_and_copy(line)
  local at, row = cmsgpack.unpack_one(line, 16)
  local _, copy = cmsgpack.unpack_one(line, at)
  return row, copy
end

-- The same line again is a repeat; another line with the same job is a fault of the caller: its row.
local function other_row(place, line)
  local there = place > before and packed[place - before] or call('LINDEX', lines_at, place - 1)
  local row, copy = row_and_copy(line)
  local there_row, there_copy = row_and_copy(there)
  if row ~= there_row or copy ~= there_copy then return there_row end
end

local function add_carefully()
  local ids = {}
  for at = 1, #lines, FIELDS do ids[#ids + 1] = lines[at] end
  prefetch(ids)
  for at = 1, #lines, FIELDS do
    local id, kind = lines[at], kinds[lines[at + 1]]
    local place = place_of(id)
    if place then
      local row = other_row(place, lines[at + 3])
      if row then return { row, (row_and_copy(lines[at + 3])) } end
    else
      -- A record that cannot be read is of a job that was here before, and may have been bought.
      if record(id) or unreadable[id] then add_known(at, kind) else add_new(at, kind) end
      here[id] = position
    end
  end
end

-- Most chunks hold only jobs that the namespace has never seen, each once.
local function is_all_new()
  local keys, seen = {}, {}
  for at = 1, #lines, FIELDS do
    local id = lines[at]
    if seen[id] then return false end
    seen[id] = true
    keys[#keys + 1] = asked_key(id)
  end
  for first = 1, #keys, AT_ONCE do
    if call('EXISTS', unpack(keys, first, math.min(first + AT_ONCE - 1, #keys))) > 0 then return false end
  end
  return true
end

local function write_sums()
  local sums = loading_key(batch, load)
  count(sums, 'new', new)
  for _, kind in ipairs(kinds) do
    local jobs = #kind.members
    count(sums, 'to_spend', jobs * math.max(kind[2], 0))
    count(sums, 'held', jobs * one_if(-kind[3] >= HELD_LEVEL))
    count(sums, 'unpriced', jobs * one_if(has(kind[4], FLAGS.unpriced)))
    count(sums, 'price:' .. text(kind[2]), jobs)
  end
  flush()
end

local function write_all()
  for first = 1, #fresh, AT_ONCE do call('MSET', unpack(fresh, first, math.min(first + AT_ONCE - 1, #fresh))) end
  for _, kind in ipairs(kinds) do
    call('HSET', kinds_key(batch), kind[5], kind[6])
    if #kind.members > 0 then
      in_pieces('RPUSH', kind.fresh, kind.members)
      call('ZADD', staged_key(batch, load), -kind[3], kind.entry)
    end
  end
  in_pieces('HSET', known_at, staged_known)
  in_pieces('RPUSH', lines_at, packed)
  write_sums()
  call('HSET', key, 'loading_lines', position)
  guard.raise()
end

if is_all_new() then
  for at = 1, #lines, FIELDS do add_new(at, kinds[lines[at + 1]]) end
else
  local rows = add_carefully()
  if rows then return answer(TWICE, 0, 0, rows) end
end
write_all()
return answer(DONE, new, #lines / FIELDS - new, {})

-- Taking jobs in hand as their records stand: of a record a claim changes only version, queue, lease and token, so that it is
-- not taken apart, and its job is not looked at. What comes of it is the same as `lift`, `hold` and `set_down` make of it.

local hand = (function()
  local NOTED_MS = 120000
  -- Records as they stand on the server, by id; false where there is none.
  local raws = {}

  local function look(ids)
    local missing = {}
    for _, id in ipairs(ids) do
      if raws[id] == nil then missing[#missing + 1] = id end
    end
    for first = 1, #missing, AT_ONCE do
      local keys = {}
      for at = first, math.min(first + AT_ONCE - 1, #missing) do keys[#keys + 1] = job_key(missing[at]) end
      for at, raw in ipairs(call('MGET', unpack(keys))) do raws[missing[first + at - 1]] = raw end
    end
  end

  -- How many entries the header has, and where they begin.
  local function entries_of(raw)
    local first, high, low = string.byte(raw, 1, 3)
    if first == 0xdc then return high * 256 + low, 3 end
    return first - 0x90, 1
  end

  -- What tells whether a job waits in its load's group: its version, queue, batch, price, priority, load and age.
  local function place_of(raw)
    local length, start = entries_of(raw)
    local _, format, version, batch, _, load, seq, _, _, queue, _, _, priority, price =
      cmsgpack.unpack_limit(raw, math.min(length, 13), start)
    if format ~= FORMAT or length < ALWAYS_THERE then error('another record') end
    return version + 0, queue + 0, batch + 0, price + 0, priority + 0, load + 0, seq + 0
  end

  -- The record with its next version, held by `worker` until then; with it its status, and whether it is to be cancelled.
  local function taken_in_hand(raw, queue_now, worker, lease_until)
    local length, start = entries_of(raw)
    local behind, format, version, batch, account, load, seq, position, status, queue, flags, cancel, priority, price, due, spent,
      reserved, deadline, held = cmsgpack.unpack_limit(raw, math.min(length, 20), start)
    local sum = version + batch + account + load + seq + position + status + flags + cancel + priority + price + due
      + (spent or 0) + (reserved or 0) + (deadline or 0)
    if format ~= FORMAT or length < ALWAYS_THERE or queue ~= queue_now or (held or 0) ~= 0 or sum ~= sum
      or math.abs(sum) == math.huge then
      error('another record')
    end
    -- Entries of days, where there are any, stand behind the token, which is another one with each change.
    local days = length > 20
    local head = cmsgpack.pack(FORMAT, version + 1, batch, account, load, seq, position, status, NONE, flags, cancel, priority,
      price, due, spent or 0, reserved or 0, deadline or 0, lease_until, worker)
    local wanted = cancel == 1 or (cancel ~= 0 and status == QUEUED)
    local front = days and '\220\0\21' .. head .. '\160' or '\220\0\19' .. head
    return front .. string.sub(raw, behind + 1), version + 1, status, wanted, batch, position
  end

  -- Jobs of a group that were claimed: their prices are set aside, and they take their places.
  local function book_claimed(account, origin, jobs)
    local batch, price = string.match(origin.entry, '^(%d+):(-?%d+):')
    local aside = jobs * math.max(tonumber(price), 0)
    count(batch_key(tonumber(batch)), 'claimed', aside)
    count(account_key(account), 'claimed', aside)
    count(account_key(account), 'in_flight', jobs)
    count(prices_key(tonumber(batch)), price, -jobs)
  end

  -- Where a claim notes the leases that it gave, for a repeat whose first answer was lost.
  local function note_key(worker, stage, account)
    return P .. 'c:' .. worker .. ':' .. stage .. ':' .. text(account)
  end

  -- Whether this very claim was answered before and only its answer was lost.
  local function is_repeat(worker, stage, account, token)
    local noted = call('GETRANGE', note_key(worker, stage, account), 0, #token + 8)
    return string.find(noted, token, 1, true) ~= nil
  end

  -- Notes that a claim gave these.
  local function note(worker, stage, account, token, given, versions)
    if #given == 0 then return end
    guard.raise()
    call('ZADD', WORKERS, 'NX', now, worker)
    call('SET', note_key(worker, stage, account), cmsgpack.pack({ token, given, versions }), 'PX', NOTED_MS)
  end

  -- Takes them in hand; `origins` says where each was found. The leases that were given, their ids and versions, and those
  -- whose records are not as they should be, of which nothing was changed. Where it is to be `all`, one of those is enough for
  -- nothing to be done: nil.
  local function take(account, ids, origins, worker, lasts, all)
    local given, leases, versions, others, lease_until = {}, {}, {}, {}, now + lasts
    local records_of, lapses, left, claimed, lapses_at = {}, {}, {}, {}, text(lease_until)
    look(ids)
    for _, id in ipairs(ids) do
      local origin = origins[id]
      local fine, raw, version, status, wanted, batch, position = pcall(taken_in_hand, raws[id], origin.queue, worker, lease_until)
      if fine then
        local at = #given + 1
        local line = status == FETCHING
          and leased_line({ id = id, status = status, batch = batch, position = position, lease_until = lease_until }) or ''
        given[at], versions[at], leases[at] = id, version, { raw, wanted, id, line }
        records_of[2 * at - 1], records_of[2 * at] = job_key(id), raw
        lapses[2 * at - 1], lapses[2 * at] = lapses_at, id
        local from = left[origin] or {}
        left[origin], from[#from + 1] = from, id
        if status == QUEUED then claimed[origin] = (claimed[origin] or 0) + 1 end
      else
        others[#others + 1] = id
      end
    end
    if all and #others > 0 then return nil end
    in_pieces('MSET', nil, records_of)
    in_pieces('ZADD', LEASES, lapses)
    in_pieces('SADD', held_key(worker), given)
    for origin, found in pairs(left) do
      in_pieces('ZREM', origin.key, found)
      flush_index(origin.key, origin)
    end
    for origin, jobs in pairs(claimed) do book_claimed(account, origin, jobs) end
    flush()
    return leases, given, versions, others
  end

  -- Of jobs of a load that come next, those that still wait in their group, with their ages; whatever was claimed, changed or
  -- put back in the meantime has another version. One that was removed and loaded again waits in the group of that load.
  local function waiting_in(group, ids)
    local batch, price, priority, load = string.match(group, '^(%d+):(-?%d+):(-?%d+):(%d+)$')
    batch, price, priority, load = tonumber(batch), tonumber(price), tonumber(priority), tonumber(load)
    local adds = {}
    look(ids)
    for _, id in ipairs(ids) do
      local fine, version, queue, its_batch, its_price, its_priority, its_load, seq = pcall(place_of, raws[id])
      if not fine and raws[id] then decode_or_note(id, raws[id]) end
      if fine and version == 1 and queue == READY and its_batch == batch and its_price == price and its_priority == priority
        and its_load == load then
        adds[#adds + 1] = seq
        adds[#adds + 1] = id
      end
    end
    return adds
  end

  return { take = take, waiting_in = waiting_in, note = note, note_key = note_key, is_repeat = is_repeat }
end)()

local LOOKED_AT_MOST = 1000

-- Moves jobs of a load to their group's queue until it has `most`. They wait in a list, which takes a fraction of the
-- room. Whether it came to the list's end or had enough.
local function refill(account, group, most)
  local queue, fresh = queue_key(READY, account, group), fresh_key(account, group)
  local wanted, looked = most - call('ZCARD', queue), 0
  while wanted > 0 and looked < LOOKED_AT_MOST do
    local ids = call('LPOP', fresh, wanted)
    if not ids then break end
    local adds = hand.waiting_in(group, ids)
    in_pieces('ZADD', queue, adds)
    wanted, looked = wanted - #adds / 2, looked + #ids
  end
  return wanted <= 0 or looked < LOOKED_AT_MOST
end

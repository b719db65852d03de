-- Taking jobs in hand as their records stand: who has them is noted, and nothing of them is changed, nor taken apart where a
-- look at their queue is enough. What comes of it is the same as `lift`, `hold` and `set_down` make of it.

local hand = (function()
  local NOTED_MS = 120000
  -- No job's. The server keeps a hash of up to 512 short entries as a list, and looks for each from its beginning; one that is
  -- longer than 64 bytes makes it a table for good.
  local WIDE_FIELD, WIDE = '', string.rep(' ', 65)

  -- Texts by id; false where there is none.
  local function read(ids, key_of)
    local found = {}
    for first = 1, #ids, AT_ONCE do
      local keys = {}
      for at = first, math.min(first + AT_ONCE - 1, #ids) do keys[#keys + 1] = key_of(ids[at]) end
      for at, raw in ipairs(call('MGET', unpack(keys))) do found[ids[first + at - 1]] = raw end
    end
    return found
  end

  -- What stands of jobs that wait to be asked about or to be fetched, by id, where that is as it should be.
  local function look(ids, origins)
    local states = read(ids, state_key)
    for id, state in pairs(states) do
      if state and string.byte(state, 16) ~= 48 + origins[id].queue then states[id] = false end
    end
    return states
  end

  -- Jobs of a group that were claimed: their prices are set aside, and they take their places.
  local function book_claimed(account, origin, jobs)
    local batch, price = string.match(origin.entry, '^(%d+):(-?%d+):')
    local aside = jobs * math.max(tonumber(price), 0)
    add_up(batch_key(tonumber(batch)), 'claimed', aside)
    add_up(account_key(account), 'claimed', aside)
    add_up(account_key(account), 'in_flight', jobs)
    add_up(prices_key(tonumber(batch)), price, -jobs)
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
  local function note(worker, stage, account, token, given)
    if #given == 0 then return end
    guard.raise()
    call('ZADD', WORKERS, 'NX', now, worker)
    call('SET', note_key(worker, stage, account), cmsgpack.pack({ token, given }), 'PX', NOTED_MS)
  end

  local function line_of_lease(id, state, lease_until)
    local _, h = cmsgpack.unpack_one(state, 16)
    return leased_line({ id = id, status = FETCHING, batch = h[3], position = h[7], lease_until = lease_until })
  end

  -- Takes them in hand, of which this stands: '' of one that is as its load left it. `origins` says where each was found, and
  -- `holder` is the word for whoever has them from now on. What was given, with packed lines of outputs to fetch.
  local function take(account, ids, states, origins, worker, lasts, holder)
    local leases, lease_until = { ids = ids, states = {}, lines = {} }, now + lasts
    local lapses, holders, left, lapses_at = {}, {}, {}, text(lease_until)
    for at, id in ipairs(ids) do
      local origin = origins[id]
      leases.states[at] = states[id]
      if origin.queue == FETCH then leases.lines[at] = line_of_lease(id, states[id], lease_until) end
      lapses[2 * at - 1], lapses[2 * at] = lapses_at, id
      holders[2 * at - 1], holders[2 * at] = id, holder
      local from = left[origin.key]
      if not from then
        from = { origin = origin }
        left[origin.key] = from
      end
      from[#from + 1] = id
    end
    if #ids > 0 then
      holders[#holders + 1] = WIDE_FIELD
      holders[#holders + 1] = WIDE
    end
    in_pieces('ZADD', LEASES, lapses)
    in_pieces('HSET', HOLDERS, holders)
    in_pieces('SADD', held_key(worker), ids)
    for key, found in pairs(left) do
      in_pieces('ZREM', key, found)
      flush_index(key, found.origin)
      if found.origin.queue == READY then book_claimed(account, found.origin, #found) end
    end
    return leases
  end

  -- A claim's answer: states stand beside what is packed, for long texts are dear to pack.
  local function answer_beside(states, ...)
    local reply = { answer(...) }
    for at, state in ipairs(states) do reply[at + 1] = state end
    return reply
  end

  return {
    read = read, look = look, take = take, note = note, note_key = note_key, is_repeat = is_repeat, answer = answer_beside,
  }
end)()

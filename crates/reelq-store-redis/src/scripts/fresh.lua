-- Jobs that come next: those that still are as their load left them wait in lists, and a claim takes so many of them as it may
-- need to where they are claimed from.

local fresh = (function()
  local as_loaded = {}

  -- Of jobs of a load that come next, those that still wait in their group, with their ages; whatever was claimed, changed or
  -- put back in the meantime has a state. One that was removed and loaded again waits in the group of that load.
  local function waiting_in(group, ids)
    local batch, load = string.match(group, '^(%d+):[-%d]+:[-%d]+:(%d+)$')
    batch, load = tonumber(batch), tonumber(load)
    local adds, states, asked = {}, hand.read(ids, state_key), hand.read(ids, asked_key)
    local lapses = call('ZMSCORE', LEASES, unpack(ids))
    for at, id in ipairs(ids) do
      local fine, h = pcall(read_asked, asked[id])
      if not fine and asked[id] then read_record(id, states[id], asked[id]) end
      if fine and not states[id] and not lapses[at] and h[3] == batch and h[4] == load then
        adds[#adds + 1] = h[5]
        adds[#adds + 1] = id
        as_loaded[id] = true
      end
    end
    return adds
  end

  -- What stands of jobs that may be bought, by id; false of one that is not as its queue has it. They are looked at whole, but
  -- where this script has done so.
  local function look(ids, origins)
    local others, states = {}, {}
    for _, id in ipairs(ids) do
      if not as_loaded[id] then others[#others + 1] = id end
    end
    prefetch(others)
    for _, id in ipairs(ids) do
      local rec = not as_loaded[id] and record(id)
      local is_there = as_loaded[id] or (rec and rec.queue == origins[id].queue and not in_hand(rec))
      states[id] = is_there and (rec and rec.raw or '')
    end
    return states
  end

  -- The same by a glance; nil where one of them is to be looked at whole. A client that cannot read a job sets it aside.
  local function glance(ids, origins)
    local states = hand.read(ids, state_key)
    for at, lapses_at in ipairs(#ids > 0 and call('ZMSCORE', LEASES, unpack(ids)) or {}) do
      local id = ids[at]
      local queue, state = origins[id].queue, states[id]
      local is_there = state and string.byte(state, 16) == 48 + queue or (not state and queue == READY)
      if lapses_at or not is_there then return nil end
      states[id] = state or ''
    end
    return states
  end

  return { look = look, glance = glance, waiting_in = waiting_in }
end)()

local LOOKED_AT_MOST = 1000

-- Moves jobs of a load to their group's queue until it has `most`. They wait in a list, which takes a fraction of the
-- room. Whether it came to the list's end or had enough.
local function refill(account, group, most)
  local queue, list = queue_key(READY, account, group), fresh_key(account, group)
  local wanted, looked = most - call('ZCARD', queue), 0
  while wanted > 0 and looked < LOOKED_AT_MOST do
    local ids = call('LPOP', list, wanted)
    if not ids then break end
    local adds = fresh.waiting_in(group, ids)
    in_pieces('ZADD', queue, adds)
    wanted, looked = wanted - #adds / 2, looked + #ids
  end
  return wanted <= 0 or looked < LOOKED_AT_MOST
end

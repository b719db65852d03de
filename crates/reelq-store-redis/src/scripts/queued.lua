-- What is due in an account's queues of one kind, over all batches or in one.

local queued = (function()
  -- Indexes name the batches that have something in a queue; a claim that is narrowed looks at its own alone.
  local function queues_of(account, batch, queue, latest, most)
    local index = index_key(queue, account)
    if batch then
      local first = call('ZSCORE', index, text(batch))
      return first and tonumber(first) <= latest and { text(batch) } or {}
    end
    return call('ZRANGEBYSCORE', index, '-inf', latest, 'LIMIT', 0, most)
  end

  local function origin_of(account, queue, entry)
    return { queue = queue, key = queue_key(queue, account, entry), index = index_key(queue, account), entry = entry }
  end

  -- The members of one queue, in their order.
  local function of_one(account, queue, entry, latest, most, origins)
    local origin = origin_of(account, queue, entry)
    local ids = call('ZRANGEBYSCORE', origin.key, '-inf', latest, 'LIMIT', 0, most)
    for _, id in ipairs(ids) do origins[id] = origin end
    return ids
  end

  local function of_many(account, queue, entries, latest, most, origins)
    local found = {}
    for _, entry in ipairs(entries) do
      local origin = origin_of(account, queue, entry)
      local members = call('ZRANGEBYSCORE', origin.key, '-inf', latest, 'WITHSCORES', 'LIMIT', 0, most)
      for at = 1, #members, 2 do
        found[#found + 1] = { id = members[at], score = tonumber(members[at + 1]) }
        origins[members[at]] = origin
      end
    end
    table.sort(found, function(one, other) return one.score < other.score end)
    local ids = {}
    for at = 1, math.min(#found, most) do ids[at] = found[at].id end
    return ids
  end

  -- The `most` first members of the queues with these entries, by their scores; `origins` learns where each was found. No more
  -- than `most` batches can have one of them, for each that comes earlier in the index has an earlier member.
  local function first_of(account, queue, entries, latest, most, origins)
    if #entries == 1 then return of_one(account, queue, entries[1], latest, most, origins) end
    return of_many(account, queue, entries, latest, most, origins)
  end

  -- Milliseconds until the first is due; nil where there is none.
  local function soonest(account, batch, queue)
    local index = index_key(queue, account)
    local first
    if batch then
      first = call('ZSCORE', index, text(batch))
    else
      first = call('ZRANGE', index, 0, 0, 'WITHSCORES')[2]
    end
    return first and math.max(tonumber(first) - now, 0)
  end

  -- The same of tasks to ask about, where also what is followed may come, once its follower may be gone.
  local function soonest_task(account, batch)
    local due, followed = soonest(account, batch, POLL), soonest(account, batch, FOLLOWED)
    local first = followed and call('ZRANGE', follow.WORKERS, 0, 0, 'WITHSCORES')[2]
    -- What stands there though no one follows anything is a record that cannot be read.
    if not first then return due end
    local lapses = math.max(tonumber(first) - now, 0)
    return math.min(due or lapses, lapses)
  end

  return { queues_of = queues_of, first_of = first_of, soonest = soonest, soonest_task = soonest_task }
end)()

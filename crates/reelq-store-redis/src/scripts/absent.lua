-- Jobs that journals know and that are not here, with what was bought for them: it counts against the limits and budgets of
-- its account and batch until the job is here again. Each purchase once, whichever folders name it.
--
-- P absent       by job, packed: { { folder, account, batch, { { number, task, amount, at, over } … } } … }
--                  amount   in micro-dollars; -1 where it is not known
--                  at       when it was made, in milliseconds
--                  over     it takes no place in flight any more
-- P absent_sums  what they come to: money.lua reads it

local absent = (function()
  local function told_of(job)
    local told = {}
    for _, entry in ipairs(kept.list(call('HGET', guard.absent, job)) or {}) do
      if type(entry) == 'table' and type(entry[4]) == 'table' then told[#told + 1] = entry end
    end
    return told
  end

  -- Whether one telling of a purchase says more than another: its end, and then the higher amount.
  local function says_more(one, known)
    if one.over ~= known.over then return one.over end
    return one.amount > known.amount
  end

  -- A yes says more than the submission that it answers.
  local function purchases_of(told)
    local found, answered = {}, {}
    for _, entry in ipairs(told) do
      for _, list in ipairs(entry[4]) do
        local one = { number = list[1], task = list[2], amount = list[3], at = list[4], over = list[5] or false,
          account = entry[2], batch = entry[3] }
        local key = one.number .. ' ' .. one.task
        if one.task ~= '' then answered[one.number] = true end
        if not found[key] or says_more(one, found[key]) then found[key] = one end
      end
    end
    local all = {}
    for _, one in pairs(found) do
      if one.task ~= '' or not answered[one.number] then all[#all + 1] = one end
    end
    table.sort(all, function(one, other)
      if one.number ~= other.number then return one.number < other.number end
      return one.task < other.task
    end)
    return all
  end

  local function add(field, by)
    if by == 0 then return end
    add_up(guard.absent_sums, field, by)
    if integer(call('HGET', guard.absent_sums, field)) == 0 then call('HDEL', guard.absent_sums, field) end
  end

  local function book(told, sign)
    for _, one in ipairs(purchases_of(told)) do
      local spent = sign * math.max(one.amount, 0)
      add('spent:' .. one.account, spent)
      add('day:' .. text(math.floor(one.at / MILLIS_A_DAY)) .. ':' .. one.account, spent)
      add('batch:' .. one.batch, spent)
      add('unpriced:' .. one.account, sign * one_if(one.amount < 0))
      add('open:' .. one.account, sign * one_if(not one.over))
      add('purchases:' .. one.account, sign)
    end
  end

  local function change(job, before, after)
    book(before, -1)
    book(after, 1)
    if #after > 0 then
      call('HSET', guard.absent, job, cmsgpack.pack(after))
    else
      call('HDEL', guard.absent, job)
    end
  end

  -- What is over stays over, whatever a journal says that did not hear of it.
  local function stay_over(purchases, known)
    for _, one in ipairs(purchases) do
      one[4] = math.min(one[4], now)
      for _, other in ipairs(known) do
        if other[1] == one[1] and other[2] == one[2] and other[5] then one[5] = true end
      end
    end
    return purchases
  end

  -- Takes in what a folder knows of a job; with no `entry`, that it is here.
  local function tell(job, folder, entry)
    local before, after, known = told_of(job), {}, {}
    for _, other in ipairs(before) do
      if other[1] == folder then known = other[4] else after[#after + 1] = other end
    end
    if entry then after[#after + 1] = { folder, entry[2], entry[3], stay_over(entry[4], known) } end
    change(job, before, after)
  end

  local function end_all()
    for _, job in ipairs(call('HKEYS', guard.absent)) do
      local after = told_of(job)
      for _, entry in ipairs(after) do
        for _, one in ipairs(entry[4]) do one[5] = true end
      end
      change(job, told_of(job), after)
    end
  end

  local function count()
    call('HSET', guard.key, 'absent', call('HLEN', guard.absent))
  end

  local SHOWN = 20

  -- { jobs, sums, first }: sums as names and numbers in turn, and of the first few purchases
  -- { job, account, batch, number, task, amount, at, over }
  local function listing()
    local first = {}
    for _, job in ipairs(call('HKEYS', guard.absent)) do
      for _, one in ipairs(purchases_of(told_of(job))) do
        if #first >= SHOWN then break end
        first[#first + 1] = { job, one.account, one.batch, one.number, one.task, one.amount, one.at, one.over }
      end
    end
    return { call('HLEN', guard.absent), call('HGETALL', guard.absent_sums), first }
  end

  return { tell = tell, end_all = end_all, count = count, listing = listing }
end)()

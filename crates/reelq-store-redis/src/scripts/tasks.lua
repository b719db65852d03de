-- Tasks: which job of an account is charged for which of them, so that two purchases that one task answers are reported.

-- One table, for a script can have no more than 200 names.
local purchases = (function()
  local ID = 16

  -- The other job that is charged for one of these tasks, and the task; nil where there is none. A task that is no one's
  -- is noted as the job's.
  local function twin_of(account, id, tasks)
    local key = tasks_key(account)
    for _, task in ipairs(tasks) do
      local found = call('HGET', key, task)
      if not found then
        call('HSET', key, task, id)
      elseif string.sub(found, 1, ID) ~= id then
        if #found == ID then call('HSET', key, task, found .. id) end
        return string.sub(found, 1, ID), task
      elseif #found > ID then
        return string.sub(found, ID + 1), task
      end
    end
  end

  local function hex(bytes)
    return (string.gsub(bytes, '.', function(byte) return string.format('%02x', string.byte(byte)) end))
  end

  -- Writes into a job's JSON, which does not say it yet, that `twin` shares its task.
  local function mark_twin(rec, twin)
    rec.json = string.sub(json_of(rec), 1, -2) .. ',"shares_task_with":"' .. hex(twin) .. '"}'
  end

  -- Forgets that a job is charged for a task.
  local function release_task(key, task, id)
    local found = call('HGET', key, task)
    if not found then return end
    local owner, second = string.sub(found, 1, ID), string.sub(found, ID + 1)
    local left = owner == id and second or owner
    if left == '' then
      call('HDEL', key, task)
    elseif owner == id or second == id then
      call('HSET', key, task, left)
    end
  end

  -- The same for all of its tasks, as far as its JSON names them.
  local function forget_tasks(rec)
    local fine, job = pcall(cjson.decode, json_of(rec))
    if not fine or type(job) ~= 'table' or type(job.charges) ~= 'table' then return end
    for _, charge in ipairs(job.charges) do
      if type(charge) == 'table' and type(charge.task) == 'string' then
        release_task(tasks_key(rec.account), charge.task, rec.id)
      end
    end
  end

  return { twin_of = twin_of, mark_twin = mark_twin, hex = hex, forget = forget_tasks }
end)()

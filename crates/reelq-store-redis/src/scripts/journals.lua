-- Folders of journals, and doubts: whether something may be forgotten here that a journal knows.

-- How soon to ask again while journals are held against the store; news come sooner.
guard.ASK_AGAIN_MS = 500

-- Whether the server and its data are what they were when this was last noted.
function guard.is_same_server()
  local server, noted = guard.server(), call('HMGET', guard.key, 'server', 'fed')
  if noted[1] == server then return true end
  -- A server begins another history also where nothing is lost: when the first replica comes, or a copy is taken as one
  -- would, and when none has come for long. What it holds can only have changed in between where a master sent it something.
  local run, fed = guard.info('server', 'run_id'), guard.fed()
  local is_the_run = run ~= '' and noted[1] and string.sub(noted[1], 1, #run) == run
  if not is_the_run or fed == '' or noted[2] ~= fed then return false end
  call('HSET', guard.key, 'server', server)
  return true
end

-- After so much of the namespace's own life without a word of it, all that a folder's processes had done is among what
-- was kept: what was lost is younger. By the namespace's own times, never by how long ago that is.
guard.SILENT_MS = 600000

function guard.read_folder(packed)
  local list = kept.list(packed) or {}
  return { host = list[1] or '', path = list[2] or '', seen = kept.number(list[3], 0) or 0, confirmed = list[4] or '',
    absent = kept.number(list[5], 1) or 0, short = list[6] or false, entered = kept.number(list[7], 0) or 0 }
end

function guard.each_folder(visit)
  local found = call('HGETALL', guard.folders)
  for at = 1, #found, 2 do visit(found[at], guard.read_folder(found[at + 1])) end
end

function guard.find_folder(id)
  local packed = call('HGET', guard.folders, id)
  return packed and guard.read_folder(packed)
end

function guard.keep_folder(id, folder)
  call('HSET', guard.folders, id, cmsgpack.pack({ folder.host, folder.path, folder.seen, folder.confirmed, folder.absent,
    folder.short, folder.entered }))
end

-- One that joins: whoever buys hears of it by the roster, and notes who it is.
function guard.new_folder()
  guard.roster = call('HINCRBY', guard.key, 'roster', 1)
  return { host = '', path = '', seen = now, confirmed = '', absent = 0, short = false, entered = guard.roster }
end

function guard.is_confirmed(folder)
  return folder and folder.confirmed == guard.generation
end

-- Counts the folders that were not held against this generation.
function guard.recount()
  local awaited = 0
  guard.each_folder(function(_, folder)
    if not guard.is_confirmed(folder) then awaited = awaited + 1 end
  end)
  guard.awaited = awaited
  call('HSET', guard.key, 'awaited', awaited)
end

-- Forgets folders that were silent for long, up to `latest`, and that know of no job which is not here.
function guard.forget_silent(latest)
  guard.each_folder(function(id, folder)
    if guard.is_confirmed(folder) and folder.absent == 0 and latest - folder.seen > guard.SILENT_MS then
      call('HDEL', guard.folders, id)
    end
  end)
end

-- What workers follow may have ended here by what was forgotten, and be gone from their hands: all of it is taken back.
function guard.end_following()
  for _, worker in ipairs(call('ZRANGE', guard.followers, 0, -1)) do call('ZADD', guard.followers, 0, worker) end
end

-- Something may be forgotten: nothing new is bought until every folder was held against what is here. `survived` is the
-- count that is known to be here.
function guard.doubt(survived)
  guard.forget_silent(integer(call('HGET', guard.key, 'at')))
  if guard.awaited > 0 then survived = math.min(survived, integer(call('HGET', guard.key, 'survived'))) end
  -- Later than whatever anyone was answered: answers may reach a process in another order than they were given.
  if guard.told_identity == guard.identity then guard.era = math.max(guard.era, guard.told_era) end
  guard.generation, guard.era = guard.fresh, guard.era + 1
  call('HSET', guard.key, 'generation', guard.generation, 'era', text(guard.era), 'survived', text(survived), 'counter', text(guard.counter),
    'server', guard.server(), 'fed', guard.fed())
  guard.recount()
  guard.end_following()
  bring_news()
end

-- Looks whether the server, and what it knows, are what they were.
function guard.look()
  if not guard.identity then return end
  local survived = guard.counter
  local is_known = guard.told_identity == guard.identity
  local is_behind = is_known and guard.told_counter > guard.counter
  -- Two servers began a generation each.
  local is_another = is_known and guard.told_era == guard.era and guard.told_generation ~= guard.generation
    and guard.told_generation ~= ''
  if is_behind then guard.counter = guard.told_counter end
  if is_behind or is_another or not guard.is_same_server() then guard.doubt(survived) end
end

-- Whether this client may buy something new now.
function guard.may_buy()
  guard.look()
  if not guard.identity then return true end
  if guard.told_identity ~= '' and guard.told_identity ~= guard.identity then
    -- It knows another life of this namespace: its journals may hold what this one lacks.
    if guard.folder ~= '' and not guard.find_folder(guard.folder) then
      guard.keep_folder(guard.folder, guard.new_folder())
      guard.recount()
    end
    return false
  end
  if guard.awaited > 0 then return false end
  return guard.folder == '' or guard.is_confirmed(guard.find_folder(guard.folder))
end

-- Notes that the folder's processes live.
function guard.hear()
  local folder = guard.folder ~= '' and guard.find_folder(guard.folder)
  if not folder then return end
  folder.seen = now
  guard.keep_folder(guard.folder, folder)
end

-- Folders of journals: who they are, and which of them were held against this generation of the namespace.
--
-- ARGV[2]  { step, … }
--            READ      nothing more
--            LOOK      nothing more: first looks whether the server and what it knows are what they were
--            ENTER     { { id, host, path } … }: folders that hold what may not be here; nothing is bought until they confirm
--            CONFIRM   { id, host, path }, generation, absent, dropped, is_short: the folder was held against the namespace
--                        absent     jobs that it knows and that are not here
--                        dropped    the highest count whose lines it does not hold any more
--                        is_short   it lacks lines of another life of the namespace
--            RELEASE   { id … }: on a person's word, these are not waited for any more
--            LEAVE     id: its last process ends, and all that it knows is here
--            ABSENT    id, { job … }, { job … }: jobs that it knows and that are not here; and some that are, now
-- Result   { now, survived, { { id, host, path, seen, confirmed, absent, short } … } }

local READ, LOOK, ENTER, CONFIRM, RELEASE, LEAVE, ABSENT = 0, 1, 2, 3, 4, 5, 6
local step = args[1]

local function placed(draft, folder)
  folder.host, folder.path, folder.seen = draft[2], draft[3], now
  return folder
end

local function new_folder()
  return { confirmed = '', absent = 0, short = false }
end

local function enter(drafts)
  for _, draft in ipairs(drafts) do
    guard.keep_folder(draft[1], placed(draft, guard.find_folder(draft[1]) or new_folder()))
  end
  guard.recount()
end

local function confirm(draft, generation, absent, dropped, is_short)
  if generation ~= guard.generation then return end
  local folder = placed(draft, guard.find_folder(draft[1]) or new_folder())
  folder.absent = absent
  if not guard.is_confirmed(folder) then
    -- What it was told and holds no more may be among what was lost: only a person can say what becomes of that.
    folder.short = is_short or dropped > integer(call('HGET', guard.key, 'survived'))
    if not folder.short then folder.confirmed = generation end
  end
  guard.keep_folder(draft[1], folder)
  local awaited = guard.awaited
  guard.recount()
  if guard.awaited < awaited then bring_news() end
end

local function release(ids)
  -- One that comes back enters anew.
  for _, id in ipairs(ids) do call('HDEL', guard.folders, id) end
  guard.recount()
  bring_news()
end

local function leave(id)
  local folder = guard.find_folder(id)
  if folder and folder.absent == 0 and guard.is_confirmed(folder) then call('HDEL', guard.folders, id) end
end

local function note_absent(id, missing, found)
  for _, job in ipairs(missing) do call('HSET', guard.absent, job, id) end
  for _, job in ipairs(found) do call('HDEL', guard.absent, job) end
end

if step ~= READ then
  -- A full server must not refuse it (see room.lua): what was paid for waits for nobody's journal.
  call('UNLINK', P .. 'room')
  if not guard.identity then guard.begin(guard.format) end
  guard.look()
end
if step == ENTER then enter(args[2]) end
if step == CONFIRM then confirm(args[2], args[3], args[4], args[5], args[6]) end
if step == RELEASE then release(args[2]) end
if step == LEAVE then leave(args[2]) end
if step == ABSENT then note_absent(args[2], args[3], args[4]) end

local views = {}
guard.each_folder(function(id, folder)
  views[#views + 1] = { id, folder.host, folder.path, folder.seen, guard.is_confirmed(folder) or false, folder.absent,
    folder.short }
end)
return answer(integer(call('HGET', guard.key, 'survived')), views)

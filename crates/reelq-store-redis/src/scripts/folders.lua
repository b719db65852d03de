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
--            ABSENT    id, { { job, account, batch, purchases } … }, { job … }: jobs that it knows and that are not here, with
--                        what was bought for them (absent.lua); and some that are here, now
--            LIST      as READ, and what of all that is not here
--            OVER      on a person's word, no purchase of a job that is not here is still running
-- Result   { now, survived, { { id, host, path, seen, confirmed, absent, short, entered } … }, listing }; listing false but for LIST

local READ, LOOK, ENTER, CONFIRM, RELEASE, LEAVE, ABSENT, LIST, OVER = 0, 1, 2, 3, 4, 5, 6, 7, 8
local step = args[1]

local function placed(draft, folder)
  folder.host, folder.path, folder.seen = draft[2], draft[3], now
  return folder
end

local function enter(drafts)
  for _, draft in ipairs(drafts) do
    guard.keep_folder(draft[1], placed(draft, guard.find_folder(draft[1]) or guard.new_folder()))
  end
  guard.recount()
end

local function confirm(draft, generation, missing, dropped, is_short)
  if generation ~= guard.generation then return end
  local folder = placed(draft, guard.find_folder(draft[1]) or guard.new_folder())
  folder.absent = missing
  if not guard.is_confirmed(folder) then
    -- What it knew and holds no more may be among what was lost: only a person can say what becomes of that.
    folder.short = is_short or dropped > integer(call('HGET', guard.key, 'survived'))
    if not folder.short then folder.confirmed = generation end
  end
  guard.keep_folder(draft[1], folder)
  local awaited = guard.awaited
  guard.recount()
  if guard.awaited < awaited then bring_news() end
end

local function release(ids)
  for _, id in ipairs(ids) do
    local folder = guard.find_folder(id)
    if folder and folder.short then
      -- It was read, and what it lacks is what the person has spoken of.
      folder.short, folder.confirmed = false, guard.generation
      guard.keep_folder(id, folder)
    else
      -- One that comes back enters anew.
      call('HDEL', guard.folders, id)
    end
  end
  guard.recount()
  bring_news()
end

local function leave(id)
  local folder = guard.find_folder(id)
  if folder and folder.absent == 0 and guard.is_confirmed(folder) then call('HDEL', guard.folders, id) end
end

local function note_absent(id, missing, found)
  for _, entry in ipairs(missing) do absent.tell(entry[1], id, entry) end
  for _, job in ipairs(found) do absent.tell(job, id, nil) end
  absent.count()
end

if step ~= READ and step ~= LIST then
  -- A full server must not refuse it (see room.lua): what was paid for waits for no one's journal.
  call('UNLINK', P .. 'room')
  if not guard.identity then guard.begin(guard.format) end
  guard.look()
end
if step == ENTER then enter(args[2]) end
if step == CONFIRM then confirm(args[2], args[3], args[4], args[5], args[6]) end
if step == RELEASE then release(args[2]) end
if step == LEAVE then leave(args[2]) end
if step == ABSENT then note_absent(args[2], args[3], args[4]) end
if step == OVER then
  absent.end_all()
  bring_news()
end

local views = {}
guard.each_folder(function(id, folder)
  views[#views + 1] = { id, folder.host, folder.path, folder.seen, guard.is_confirmed(folder) or false, folder.absent,
    folder.short, folder.entered }
end)
return answer(integer(call('HGET', guard.key, 'survived')), views, step == LIST and absent.listing() or false)

-- The keys of loads: what was brought and is not a manifest yet, and the groups that a batch has had.

local function staged_key(batch, load) return P .. 'staged:' .. text(batch) .. ':' .. text(load) end
local groups_key = remembered(function(batch) return P .. 'groups:' .. text(batch) end)
-- Lines of an unfinished load whose jobs were known before it, and sums of its new jobs.
local function known_key(batch, load) return P .. 'known:' .. text(batch) .. ':' .. text(load) end
local function loading_key(batch, load) return P .. 'loading:' .. text(batch) .. ':' .. text(load) end

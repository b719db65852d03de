-- Lets the script do its work on a server whose memory is full: what frees room, stops buying, or keeps what was paid for
-- must never be refused. After a first write that needs no room Redis refuses none of the script's others, on any version.
-- Where a script must refuse something on a full server, it asks first (full.lua).
call('UNLINK', P .. 'room')


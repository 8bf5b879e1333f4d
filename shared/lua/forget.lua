-- What the client has is no longer needed to fill holes. Deletes turns that are finished, since the
-- history has their words, and of the turn that is on the speech alone: a page that is reloaded
-- still gets its words. The newest entry always stays: its number is where the next one goes on.
-- KEYS  session hash, down, history
-- ARGV  connection epoch, id after which to look, id up to which the client has everything,
--       first byte of an entry that is speech, most entries to look at
-- Reply id up to which was looked; '' if another connection has the session
if redis.call('HGET', KEYS[1], 'conn_epoch') ~= ARGV[1] then return '' end
local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
if not newest then return ARGV[3] end
local entries = redis.call('XRANGE', KEYS[2], '(' .. ARGV[2], ARGV[3], 'COUNT', ARGV[5])
for _, entry in ipairs(entries) do
  if entry[1] ~= newest[1] and string.byte(entry[2][2]) == tonumber(ARGV[4]) then
    redis.call('XDEL', KEYS[2], entry[1])
  end
end
local done = ARGV[3]
if #entries == tonumber(ARGV[5]) then done = entries[#entries][1] end
local finished = redis.call('XREVRANGE', KEYS[3], done, '-', 'COUNT', 1)[1]
if finished then redis.call('XTRIM', KEYS[2], 'MINID', finished[1]) end
return done

-- Speech that the client has is no longer needed to fill holes: deletes it, up to an id, and leaves
-- all that is text. The newest entry stays in any case: its number is where the next one goes on.
-- KEYS  session hash, down
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
if #entries == tonumber(ARGV[5]) then return entries[#entries][1] end
return ARGV[3]

-- The worker says something: stores it for filling holes and publishes it, or neither.
-- The stream's own rule is the fence: an id of an older lease is smaller than the marker that the
-- newer claim appended, and Redis refuses it.
-- KEYS  down, channel, history
-- ARGV  id, message, most entries of down, history entry or '', most entries of history
-- Reply 'ok', 'repeated' (stored and published by an earlier call whose reply was lost), 'fenced',
--       or 'gone' (the session's keys were deleted); Redis' own error if it has no room
local added = redis.pcall('XADD', KEYS[1], 'NOMKSTREAM', 'MAXLEN', '~', ARGV[3], ARGV[1], 'm', ARGV[2])
if not added then return 'gone' end
if type(added) == 'table' and added.err then
  if not string.find(added.err, 'equal or smaller', 1, true) then return added end
  local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
  if newest and string.match(newest[1], '^%d+') == string.match(ARGV[1], '^%d+') then return 'repeated' end
  return 'fenced'
end
if ARGV[4] ~= '' then
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[5], ARGV[1], 'm', ARGV[4])
end
redis.call('PUBLISH', KEYS[2], ARGV[2])
return 'ok'

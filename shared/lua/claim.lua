-- A worker takes a session: raises the lease epoch, which shuts out every earlier worker.
-- KEYS  session hash, down
-- ARGV  worker id, dispatch entry id, marker, crashes allowed in a row, ttl_s
-- Reply {'gone'}        the session is over: drop the dispatch entry
--       {'duplicate'}   another dispatch entry stands for the session: drop this one
--       {'crashing', lease epoch, last down seq}   too many workers died on it: end it as failed
--       {'ok', lease epoch, last down seq, takeover 0|1, field, value, ...}  the whole hash
local s = redis.call('HMGET', KEYS[1], 'state', 'dispatch_id', 'released', 'crashes')
if not s[1] or s[1] == 'ended' then return {'gone'} end
local is_parked = s[1] == 'parked'
if is_parked then
  redis.call('HINCRBY', KEYS[1], 'wakes', 1) -- by whichever entry comes first
elseif s[2] and s[2] ~= ARGV[2] then
  return {'duplicate'}
end

local newest = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
local last = 0
if newest then
  last = tonumber(string.match(newest[1], '-(%d+)$'))
  if last == 0 then last = tonumber(newest[2][4]) end
end
local takeover = s[2] and 1 or 0
local crashes = 0
if takeover == 1 and s[3] ~= '1' then crashes = tonumber(s[4] or '0') + 1 end
local epoch = redis.call('HINCRBY', KEYS[1], 'lease_epoch', 1)
redis.call('XADD', KEYS[2], epoch .. '-0', 'm', ARGV[3], 'last', last)
redis.call('EXPIRE', KEYS[2], ARGV[5])
redis.call('HSET', KEYS[1], 'worker', ARGV[1], 'dispatch_id', ARGV[2], 'released', 0,
  'crashes', crashes, 'state', (takeover == 1 and not is_parked) and 'resuming' or 'connecting')
if crashes > tonumber(ARGV[4]) then return {'crashing', epoch, last} end
local reply = {'ok', epoch, last, takeover}
for _, v in ipairs(redis.call('HGETALL', KEYS[1])) do reply[#reply + 1] = v end
return reply

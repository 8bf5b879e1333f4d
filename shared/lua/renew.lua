-- A worker renews its leases: resets the idle time of the dispatch entries that are still its own.
-- XCLAIM alone would also take back what another worker has taken over, so the list is looked at first.
-- If nobody has renewed for half a lease, it was Redis that slept or was away: from now on, for one
-- lease, nothing is taken over, so that all who live can renew first.
-- KEYS  dispatch, pulse
-- ARGV  group, worker id, lease_ms, ttl_s, entry id ...
-- Reply the entry ids that this worker no longer holds
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local at = tonumber(redis.call('HGET', KEYS[2], 'at') or '0')
redis.call('HSET', KEYS[2], 'at', now_ms)
if now_ms - at > ARGV[3] / 2 then redis.call('HSET', KEYS[2], 'calm_from', now_ms + ARGV[3]) end
redis.call('EXPIRE', KEYS[2], ARGV[4])
if #ARGV < 5 then return {} end

local own = {}
for _, pending in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1000000, ARGV[2])) do
  own[pending[1]] = true
end
local kept, lost = {}, {}
for i = 5, #ARGV do
  local list = own[ARGV[i]] and kept or lost
  list[#list + 1] = ARGV[i]
end
local most = 1000 -- more arguments at once are too many for Lua's stack
for i = 1, #kept, most do
  local ids = {unpack(kept, i, math.min(i + most - 1, #kept))}
  ids[#ids + 1] = 'JUSTID'
  redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, unpack(ids))
end
return lost

-- A worker renews its leases: resets the idle time of the dispatch entries that are still its own.
-- XCLAIM alone would also take back what another worker has taken over, so each is looked at first.
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
local lost = {}
for i = 5, #ARGV do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)[1]
  if pending and pending[2] == ARGV[2] then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost

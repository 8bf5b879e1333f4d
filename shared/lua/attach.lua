-- A client comes back: raises the connection epoch, which shuts out its old connection, and tells
-- where to go on. Safe to repeat: a second call only raises the epoch again.
-- KEYS  session hash, up, frames, said, live
-- ARGV  user, connection epoch of the client's token, gateway id, connection marker, the bell
-- Reply {} if there is no such session of this user that may still be resumed, else
--       {connection epoch, last uplink seq, last picture seq, state,
--       ms since a gateway last saw the client}
local s = redis.call('HMGET', KEYS[1], 'user', 'state', 'conn_epoch', 'confirmed_epoch', 'seen_ms')
if s[1] ~= ARGV[1] or s[2] == 'ended' then return {} end
-- A token stays good until a newer one has been used, so that a lost `ready` locks nobody out.
local token_epoch = tonumber(ARGV[2])
if token_epoch > tonumber(s[3]) or token_epoch < tonumber(s[4] or '1') then return {} end

local function last_seq(stream)
  local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  if not newest then return nil end
  local seq = tonumber(string.match(newest[1], '-(%d+)$'))
  if seq > 0 then return seq end
  return tonumber(newest[2][4]) -- a marker carries the number before it
end

local up, pictures = last_seq(KEYS[2]), last_seq(KEYS[3])
if not up or not pictures then return {} end
local epoch = redis.call('HINCRBY', KEYS[1], 'conn_epoch', 1)
redis.call('XADD', KEYS[2], epoch .. '-0', 'm', ARGV[4], 'last', up)
redis.call('XADD', KEYS[3], epoch .. '-0', 'm', ARGV[4], 'last', pictures)
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
redis.call('HSET', KEYS[1], 'gateway', ARGV[3], 'confirmed_epoch', token_epoch, 'seen_ms', now_ms)
-- The worker reads the marker before it hears anything that is published from now on, and the old
-- connection learns that it is one.
redis.call('PUBLISH', KEYS[4], ARGV[5])
redis.call('PUBLISH', KEYS[5], ARGV[5])
return {epoch, up, pictures, s[2], now_ms - tonumber(s[5])}

-- The worker that holds a session in which nothing happens lets it go, and nobody takes it until its
-- client says something: its gateway sees to that (touch.lua). Refused while something is unheard.
-- KEYS  session hash, up, frames
-- ARGV  lease epoch, newest uplink seq that was heard, newest picture seq that was seen
-- Reply 'ok', 'unheard', 'fenced' or 'gone'
local epoch = redis.call('HGET', KEYS[1], 'lease_epoch')
if not epoch then return 'gone' end
if epoch ~= ARGV[1] then return 'fenced' end

local function last_seq(stream)
  local newest = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
  if not newest then return 0 end
  local seq = tonumber(string.match(newest[1], '-(%d+)$'))
  if seq > 0 then return seq end
  return tonumber(newest[2][4]) -- a marker carries the number before it
end

if last_seq(KEYS[2]) > tonumber(ARGV[2]) or last_seq(KEYS[3]) > tonumber(ARGV[3]) then return 'unheard' end
redis.call('HSET', KEYS[1], 'state', 'parked', 'released', 1, 'worker', '', 'heard_seq', ARGV[2],
  'seen_picture', ARGV[3])
return 'ok'

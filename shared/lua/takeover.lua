-- A worker takes sessions whose worker has fallen silent; none while the table is not calm, because
-- Redis slept or was away and those who live have not all renewed yet (renew.lua). Who lets others
-- come first does so from then on, too: before, they could take nothing.
-- KEYS  dispatch, pulse
-- ARGV  group, worker id, lease_ms, cursor, most sessions, ms for which others come first
-- Reply {next cursor, {entry id, session, entry id, session, ...}}
local now = redis.call('TIME')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local pulse = redis.call('HMGET', KEYS[2], 'at', 'calm_from')
if not pulse[1] or now_ms - pulse[1] > ARGV[3] / 2 or now_ms < tonumber(pulse[2] or '0') + ARGV[6] then
  return {'0-0', {}}
end
local reply = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3] + ARGV[6], ARGV[4], 'COUNT',
  ARGV[5])
local found = {}
for _, entry in ipairs(reply[2]) do
  if entry[2] then
    found[#found + 1] = entry[1]
    found[#found + 1] = entry[2][2]
  end
end
return {reply[1], found}

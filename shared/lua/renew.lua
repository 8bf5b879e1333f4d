-- A worker renews its leases: resets the idle time of the dispatch entries that are still its own.
-- XCLAIM alone would also take back what another worker has taken over, so each is looked at first.
-- KEYS  dispatch
-- ARGV  group, worker id, entry id ...
-- Reply the entry ids that this worker no longer holds
local lost = {}
for i = 3, #ARGV do
  local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)[1]
  if pending and pending[2] == ARGV[2] then
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')
  else
    lost[#lost + 1] = ARGV[i]
  end
end
return lost

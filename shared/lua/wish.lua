-- An operator wishes a session to end: the worker that holds it is called, and reads that.
-- In one step with the look at the state, because a field set on a hash that has just expired would
-- make a session without an end.
-- KEYS  session hash, said
-- ARGV  the wish, the bell: a header without an entry
-- Reply {} if there is no such session, else
--       {state, reason or '', worker or '', dispatch entry id or ''}; nothing was set if it has ended
local s = redis.call('HMGET', KEYS[1], 'state', 'reason', 'worker', 'dispatch_id')
if not s[1] then return {} end
if s[1] ~= 'ended' then
  redis.call('HSET', KEYS[1], 'end_wish', ARGV[1])
  redis.call('PUBLISH', KEYS[2], ARGV[2])
end
return {s[1], s[2] or '', s[3] or '', s[4] or ''}

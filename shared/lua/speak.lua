-- The client speaks: stores a chunk and tells the worker that listens, or neither. What Redis refuses
-- (an older connection's chunk, one that is there already, no room) is heard by nobody.
-- KEYS  up, said
-- ARGV  most entries of up, id, entry
-- Reply the id, nil if the session is over, or the error of XADD
local added = redis.pcall('XADD', KEYS[1], 'NOMKSTREAM', 'MAXLEN', '~', ARGV[1], ARGV[2], 'm', ARGV[3])
if type(added) == 'string' then redis.call('PUBLISH', KEYS[2], ARGV[3]) end
return added

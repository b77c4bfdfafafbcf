-- One notification of a user, once: a message that he was notified of before is
-- not the reason for another one.
--
-- KEYS[1]  {hooks<n>}noted:<conversation>
-- KEYS[2]  a stream it is written to; and so on
-- ARGV     1 user, 2 seq of the last message, 3 event id, 4 its time,
--          5 its data, 6 entries that may wait, 7 how long that is known in s
-- Answers  1 when it was written down
local user, seq = ARGV[1], ARGV[2]
if tonumber(redis.call('HGET', KEYS[1], user) or '0') >= tonumber(seq) then
  return 0
end
redis.call('HSET', KEYS[1], user, seq)
redis.call('EXPIRE', KEYS[1], ARGV[7])
for i = 2, #KEYS do
  redis.call('XADD', KEYS[i], 'MAXLEN', '~', ARGV[6], '*', 'u', user, 'i',
    ARGV[3], 't', ARGV[4], 'k', 'notification', 'd', ARGV[5])
end
return 1

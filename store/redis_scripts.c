/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scripts. ARGV[1] is the prefix and ARGV[2] the key, or what redis_scripts.h says.
 *
 * A Redis that has reached its maxmemory refuses commands that take memory until a script has changed something. So what
 * is new begins with such a command, and is refused whole; a renewal begins by taking its old place in the order of ends
 * away, and goes through: who is signed on stays so. Where nothing is evicted (redis_setup.c sees to that) this is all.
 */

#include "redis_scripts.h"

#include <string.h>

#define NOW                                                         \
    "local t = redis.call('TIME') "                                 \
    "local now = t[1] * 1000 + math.floor(t[2] / 1000) "

#define PREFIX "local P = ARGV[1] "

/* The labels in the head of the session `id`; nil where there is none. SSO_MAX_LABELS of 16 octets are at most 113 with their number. */
#define LABELS                                                      \
    "local function labels_of(id) "                                 \
    "local v = redis.call('GETRANGE', P .. 's:' .. id, 0, 112) "     \
    "if v == '' then return nil end "                               \
    "return string.sub(v, 2, 1 + 16 * string.byte(v, 1)) "          \
    "end "

#define UNLABEL                                                     \
    "local function unlabel(id, labels) "                           \
    "for i = 1, #labels, 16 do "                                    \
    "redis.call('SREM', P .. 'l:' .. string.sub(labels, i, i + 15), id) " \
    "end "                                                          \
    "end "

/* Whatever is kept of a session. */
#define FINISH                                                      \
    LABELS UNLABEL                                                  \
    "local function finish(id) "                                    \
    "local labels = labels_of(id) "                                 \
    "if not labels then return 0 end "                              \
    "redis.call('DEL', P .. 's:' .. id) "                           \
    "redis.call('ZREM', P .. 'sessions', id .. labels) "            \
    "unlabel(id, labels) "                                          \
    "return 1 "                                                     \
    "end "

/* A set of labelled sessions lasts as long as the last of them. */
#define LABEL                                                       \
    "local function label(id, labels, ms) "                         \
    "for i = 1, #labels, 16 do "                                    \
    "local l = P .. 'l:' .. string.sub(labels, i, i + 15) "         \
    "redis.call('SADD', l, id) "                                    \
    "if redis.call('PTTL', l) < ms then redis.call('PEXPIRE', l, ms) end " \
    "end "                                                          \
    "end "

/*
 * The first SET is what a full Redis refuses, so that then nothing of what was there is gone. A session in the place of others, as a
 * renewal, begins by ending them, and goes through.
 */
static const char put[] =
    PREFIX NOW FINISH LABEL
    "local id, value, ms, limit, instead = ARGV[2], ARGV[3] .. ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7] "
    "local old = labels_of(id) "
    "local n = redis.call('ZCOUNT', P .. 'sessions', now, '+inf') "
    "local ends = {} "
    "for at = 1, #instead, 32 do "
    "local one = string.sub(instead, at, at + 31) "
    "if one ~= id and not ends[one] and labels_of(one) then "
    "ends[one] = true "
    "ends[#ends + 1] = one "
    "end "
    "end "
    "if limit > 0 and not old and n - #ends >= limit then return -n end "
    "for _, one in ipairs(ends) do n = n - finish(one) end "
    "if ms <= 0 then finish(id) return n end "
    "redis.call('SET', P .. 's:' .. id, value, 'PX', ms) "
    "if old then redis.call('ZREM', P .. 'sessions', id .. old) unlabel(id, old) end "
    "local labels = labels_of(id) "
    "redis.call('ZADD', P .. 'sessions', now + ms, id .. labels) "
    "label(id, labels, ms) "
    "return old and n or n + 1";

static const char replace[] =
    PREFIX NOW FINISH LABEL
    "local id, record, ms = ARGV[2], ARGV[3], tonumber(ARGV[4]) "
    "local labels = labels_of(id) "
    "if not labels then return 0 end "
    "if ms <= 0 then return finish(id) end "
    "redis.call('ZREM', P .. 'sessions', id .. labels) "
    "redis.call('SET', P .. 's:' .. id, string.char(#labels / 16) .. labels .. record, 'PX', ms) "
    "redis.call('ZADD', P .. 'sessions', now + ms, id .. labels) "
    "label(id, labels, ms) "
    "return 1";

static const char remove_one[] =
    PREFIX FINISH
    "return finish(ARGV[2])";

/* A set may still name a session that has expired and was made anew without that label. */
static const char remove_labelled[] =
    PREFIX FINISH
    "local function has(labels, label) "
    "for i = 1, #labels, 16 do "
    "if string.sub(labels, i, i + 15) == label then return true end "
    "end "
    "return false "
    "end "
    "local n = 0 "
    "for at = 1, #ARGV[2], 16 do "
    "local label = string.sub(ARGV[2], at, at + 15) "
    "local set = P .. 'l:' .. label "
    "for _, id in ipairs(redis.call('SMEMBERS', set)) do "
    "local labels = labels_of(id) "
    "if labels and has(labels, label) then n = n + finish(id) else redis.call('SREM', set, id) end "
    "end "
    "end "
    "return n";

/* Asked a second time by the same one, because the first answer was lost on its way: it is still the first. */
static const char use_once[] =
    PREFIX NOW
    "local id, who, ms = ARGV[2], ARGV[3], tonumber(ARGV[4]) "
    "local was = redis.call('GET', P .. 'server') "
    "if not was or string.sub(was, 1, 40) ~= ARGV[5] then return -1 end "
    "local k = P .. 'u:' .. id "
    "if redis.call('SET', k, who, 'NX', 'PX', ms) then "
    "redis.call('ZADD', P .. 'used', now + ms, id) "
    "return 1 "
    "end "
    "if redis.call('GET', k) == who then return 1 end "
    "return 0";

static const char mark_put[] =
    PREFIX NOW
    "local id, value, ms = ARGV[2], ARGV[3], tonumber(ARGV[4]) "
    "local k = P .. 'm:' .. id "
    "if ms <= 0 then "
    "redis.call('DEL', k) "
    "redis.call('ZREM', P .. 'marks', id) "
    "return 1 "
    "end "
    "redis.call('SET', k, value, 'PX', ms) "
    "redis.call('ZADD', P .. 'marks', now + ms, id) "
    "return 1";

/* What has expired is gone already; here go its places in the order of ends and under labels. */
static const char sweep[] =
    PREFIX NOW LABELS UNLABEL
    "local left = tonumber(ARGV[2]) "
    "local n = 0 "
    "local function ended(index) "
    "if left <= 0 then return {} end "
    "local found = redis.call('ZRANGEBYSCORE', P .. index, '-inf', string.format('(%.0f', now), 'LIMIT', 0, left) "
    "left = left - #found "
    "n = n + #found "
    "return found "
    "end "
    "for _, m in ipairs(ended('sessions')) do "
    "local id = string.sub(m, 1, 32) "
    "redis.call('ZREM', P .. 'sessions', m) "
    "if not labels_of(id) then unlabel(id, string.sub(m, 33)) end "
    "end "
    "for _, id in ipairs(ended('used')) do redis.call('ZREM', P .. 'used', id) end "
    "for _, id in ipairs(ended('marks')) do redis.call('ZREM', P .. 'marks', id) end "
    "return n";

/*
 * A server that has restarted, or has taken over from another, may lack what was written last. So it is noted when it was first seen: it
 * answers for what was used since, and for nothing before. A time to come is that of a clock which has been set back: it is now.
 */
static const char begin[] =
    PREFIX NOW
    "local run, k = ARGV[2], P .. 'server' "
    "local was = redis.call('GET', k) "
    "if was and string.sub(was, 1, 40) == run then "
    "local age = now - tonumber(string.sub(was, 42)) "
    "if age >= 0 then return { 0, age } end "
    "end "
    "redis.call('SET', k, run .. ' ' .. string.format('%.0f', now)) "
    "return { was and 2 or 1, 0 }";

const char *const sso_redis_scripts[SSO_REDIS_SCRIPTS] = {
    [SSO_REDIS_PUT] = put,
    [SSO_REDIS_REPLACE] = replace,
    [SSO_REDIS_REMOVE] = remove_one,
    [SSO_REDIS_REMOVE_LABELLED] = remove_labelled,
    [SSO_REDIS_USE_ONCE] = use_once,
    [SSO_REDIS_MARK_PUT] = mark_put,
    [SSO_REDIS_SWEEP] = sweep,
    [SSO_REDIS_BEGIN] = begin
};

apr_size_t sso_redis_name(char *out, const char *prefix, const char *kind, const void *octets, apr_size_t len)
{
    apr_size_t begins = strlen(prefix);

    memcpy(out, prefix, begins);
    memcpy(out + begins, kind, 2);
    memcpy(out + begins + 2, octets, len);
    return begins + 2 + len;
}

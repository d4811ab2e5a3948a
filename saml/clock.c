/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"

#include <string.h>

#include <apr_strings.h>

#define SECONDS_PER_DAY 86400

/* A lexical xs:dateTime, field by field. */
typedef struct {
    int year, month, day;
    int hour, minute, second;
    int usec;
    int offset_min;         /* of the zone, east positive */
} fields_t;

static int is_xml_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Exactly `count` digits. */
static int read_digits(const char **at, const char *end, int count, int *out)
{
    int value = 0;

    if (end - *at < count)
        return 0;
    for (; count; count--, (*at)++) {
        if (**at < '0' || **at > '9')
            return 0;
        value = value * 10 + (**at - '0');
    }
    *out = value;
    return 1;
}

static int read_char(const char **at, const char *end, char c)
{
    if (*at == end || **at != c)
        return 0;
    (*at)++;
    return 1;
}

/* "." and at least one digit, any number of them; what is finer than a microsecond is cut off. */
static int read_fraction(const char **at, const char *end, int *usec)
{
    int weight = 100000;
    const char *start;

    *usec = 0;
    if (!read_char(at, end, '.'))
        return 1;
    for (start = *at; *at != end && **at >= '0' && **at <= '9'; (*at)++) {
        *usec += (**at - '0') * weight;
        weight /= 10;
    }
    return *at != start;
}

/* XML Schema Part 2, 3.2.7.3: "Z", or +hh:mm up to 14:00; SAML Core 1.3.3: no zone is UTC. */
static int read_zone(const char **at, const char *end, int *offset_min)
{
    int sign, hours, minutes;

    *offset_min = 0;
    if (*at == end || read_char(at, end, 'Z'))
        return 1;
    sign = **at == '-' ? -1 : 1;
    if (!read_char(at, end, '+') && !read_char(at, end, '-'))
        return 0;
    if (!read_digits(at, end, 2, &hours) || !read_char(at, end, ':') || !read_digits(at, end, 2, &minutes))
        return 0;
    if (minutes > 59 || hours * 60 + minutes > 14 * 60)
        return 0;
    *offset_min = sign * (hours * 60 + minutes);
    return 1;
}

static int read_fields(fields_t *f, const char *at, const char *end)
{
    return read_digits(&at, end, 4, &f->year) && read_char(&at, end, '-') && read_digits(&at, end, 2, &f->month)
           && read_char(&at, end, '-') && read_digits(&at, end, 2, &f->day) && read_char(&at, end, 'T')
           && read_digits(&at, end, 2, &f->hour) && read_char(&at, end, ':') && read_digits(&at, end, 2, &f->minute)
           && read_char(&at, end, ':') && read_digits(&at, end, 2, &f->second) && read_fraction(&at, end, &f->usec)
           && read_zone(&at, end, &f->offset_min) && at == end;
}

static int is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static int is_possible(const fields_t *f)
{
    if (f->year < 1 || f->month < 1 || f->month > 12 || f->day < 1 || f->day > days_in_month(f->year, f->month))
        return 0;
    if (f->hour == 24)                      /* the end of the day, and nothing after it */
        return f->minute == 0 && f->second == 0 && f->usec == 0;
    if (f->second == 60)                    /* a leap second stands at the end of a UTC day's minute */
        return f->hour < 24 && f->minute <= 59;
    return f->hour < 24 && f->minute <= 59 && f->second < 60;
}

/* Days from 1970-01-01 in the proleptic Gregorian calendar. */
static apr_int64_t days_since_epoch(int year, int month, int day)
{
    apr_int64_t y = year - 1;
    apr_int64_t days = y * 365 + y / 4 - y / 100 + y / 400 - 719162;
    int m;

    for (m = 1; m < month; m++)
        days += days_in_month(year, m);
    return days + day - 1;
}

saml_status_t saml_time_parse(apr_time_t *out, const char *text, const char *what, saml_err_t *err)
{
    const char *start = text, *end;
    apr_int64_t seconds;
    fields_t f;

    if (!text)
        return saml_fail(err, SAML_E_MALFORMED, "%s: expected a time such as 2026-03-02T09:15:30Z, got none", what);
    for (end = text + strlen(text); end > start && is_xml_space(end[-1]); end--)
        ;
    while (start < end && is_xml_space(*start))
        start++;
    if (!read_fields(&f, start, end) || !is_possible(&f))
        return saml_fail(err, SAML_E_MALFORMED, "%s: expected a time such as 2026-03-02T09:15:30Z, got %s", what,
                         saml_quote(err->pool, text));
    seconds = days_since_epoch(f.year, f.month, f.day) * SECONDS_PER_DAY;
    seconds += f.hour * 3600 + f.minute * 60 + f.second - f.offset_min * 60;
    *out = seconds * APR_USEC_PER_SEC + f.usec;
    return SAML_OK;
}

/* Whole seconds and the microseconds above them, also before 1970. */
static void split_time(apr_time_t t, apr_int64_t *seconds, int *usec)
{
    *seconds = t / APR_USEC_PER_SEC;
    *usec = (int)(t % APR_USEC_PER_SEC);
    if (*usec < 0) {
        *usec += APR_USEC_PER_SEC;
        (*seconds)--;
    }
}

const char *saml_time_format(apr_pool_t *p, apr_time_t t)
{
    apr_int64_t seconds, days;
    int usec, in_day, year, month;

    split_time(t, &seconds, &usec);
    days = seconds / SECONDS_PER_DAY;
    in_day = (int)(seconds % SECONDS_PER_DAY);
    if (in_day < 0) {
        in_day += SECONDS_PER_DAY;
        days--;
    }
    /* The estimate is at most a year off. */
    year = 1970 + (int)((double)days / 365.2425);
    while (days < days_since_epoch(year, 1, 1))
        year--;
    while (days >= days_since_epoch(year + 1, 1, 1))
        year++;
    days -= days_since_epoch(year, 1, 1);
    for (month = 1; days >= days_in_month(year, month); month++)
        days -= days_in_month(year, month);
    if (usec)
        return apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, (int)days + 1, in_day / 3600,
                            in_day / 60 % 60, in_day % 60, usec / 1000);
    return apr_psprintf(p, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, (int)days + 1, in_day / 3600,
                        in_day / 60 % 60, in_day % 60);
}

int saml_time_is_past(apr_time_t limit, apr_time_t now, apr_interval_time_t skew)
{
    /* On the side of the clock, where no value of a message can make the sum overflow. */
    return now - skew >= limit;
}

int saml_time_is_ahead(apr_time_t start, apr_time_t now, apr_interval_time_t skew)
{
    return now + skew < start;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* from: text at the borders; to: values and back; never: accepts two spellings of one value
 * (but for the case of hex digits). */
#include "base/text.h"

#include "base/limits.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

bool
text_equal(const char *a, const char *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(a, b) == 0;
}

bool
text_starts(const char *text, const char *prefix)
{
    return text && prefix && strncmp(text, prefix, strlen(prefix)) == 0;
}

bool
text_equal_fold(const char *a, const char *b)
{
    return a == b || (a && b && strcasecmp(a, b) == 0);
}

bool
text_starts_fold(const char *text, const char *prefix)
{
    return text && prefix && strncasecmp(text, prefix, strlen(prefix)) == 0;
}

int
text_order(const char *a, const char *b)
{
    if (!a || !b)
        return (a ? 1 : 0) - (b ? 1 : 0);
    return strcmp(a, b);
}

char *
text_hex(struct bytes in, char *out, size_t out_size)
{
    if (out_size == 0)
        return out;
    out[0] = '\0';
    if (in.size > (out_size - 1) / 2)
        return out;
    for (size_t i = 0; i < in.size; i++) {
        out[2 * i] = hex_digits[in.data[i] >> 4];
        out[2 * i + 1] = hex_digits[in.data[i] & 15];
    }
    out[2 * in.size] = '\0';
    return out;
}

void
text_append_hex(struct buffer *out, struct bytes in)
{
    if (in.size >= SIZE_MAX / 4 || buffer_reserve(out, 2 * in.size + 1) != STATUS_OK) {
        out->failed = true;
        return;
    }
    (void)text_hex(in, (char *)(out->data + out->size), 2 * in.size + 1);
    out->size += 2 * in.size;
}

/* 0 to 15, or -1. */
static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* 2 * size digits of hex into out; false at the first that is none. */
static bool
decode_hex(const char *hex, uint8_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        int high = hex_value(hex[2 * i]);
        int low = high < 0 ? -1 : hex_value(hex[2 * i + 1]);
        if (low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

enum status
text_parse_hex(const char *hex, struct buffer *out)
{
    size_t n_digits = strlen(hex);
    if (n_digits % 2 != 0)
        return STATUS_MALFORMED;
    if (n_digits == 0)
        return buffer_check(out);
    enum status s = buffer_reserve(out, n_digits / 2);
    if (s != STATUS_OK)
        return s;
    if (!decode_hex(hex, out->data + out->size, n_digits / 2))
        return STATUS_MALFORMED;
    out->size += n_digits / 2;
    return STATUS_OK;
}

enum status
text_parse_hex_exact(const char *hex, uint8_t *out, size_t size)
{
    size_t n_digits = strlen(hex);
    if (n_digits % 2 != 0 || n_digits / 2 != size || !decode_hex(hex, out, size)) {
        memset(out, 0, size);
        return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

/* n (1 to 3) bytes of in as n + 1 digits. */
static void
encode_group(const uint8_t *in, size_t n, char out[static 4])
{
    uint32_t v = (uint32_t)in[0] << 16;
    v |= n > 1 ? (uint32_t)in[1] << 8 : 0;
    v |= n > 2 ? in[2] : 0;
    for (size_t i = 0; i <= n; i++)
        out[i] = base64url_digits[v >> (18 - 6 * i) & 63];
}

void
text_append_base64url(struct buffer *out, struct bytes in)
{
    if (in.size > SIZE_MAX / 4 || buffer_reserve(out, in.size / 3 * 4 + 4) != STATUS_OK) {
        out->failed = true;
        return;
    }
    for (size_t at = 0; at < in.size; at += 3) {
        size_t n = in.size - at < 3 ? in.size - at : 3;
        encode_group(in.data + at, n, (char *)(out->data + out->size));
        out->size += n + 1;
    }
}

/* 0 to 63, or -1. */
static int
base64url_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

/* n (2 to 4) digits as n - 1 bytes; false when one is no digit or bits are left over. */
static bool
decode_group(const uint8_t *in, size_t n, uint8_t out[static 3])
{
    uint32_t v = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = i < n ? base64url_value(in[i]) : 0;
        if (digit < 0)
            return false;
        v = v << 6 | (uint32_t)digit;
    }
    for (size_t i = 0; i < n - 1; i++)
        out[i] = (uint8_t)(v >> (16 - 8 * i));
    uint32_t spare = n == 4 ? 0 : (UINT32_C(1) << (n == 2 ? 16 : 8)) - 1;
    return (v & spare) == 0;
}

enum status
text_parse_base64url(struct bytes in, struct buffer *out)
{
    if (in.size % 4 == 1)
        return STATUS_MALFORMED;
    enum status s = buffer_reserve(out, in.size / 4 * 3 + 3);
    if (s != STATUS_OK)
        return s;
    uint8_t *p = out->data + out->size;
    size_t size = 0;
    for (size_t at = 0; at < in.size; at += 4) {
        size_t n = in.size - at < 4 ? in.size - at : 4;
        if (!decode_group(in.data + at, n, p + size))
            return STATUS_MALFORMED;
        size += n - 1;
    }
    out->size += size;
    return STATUS_OK;
}

static bool
is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool
text_is_name(const char *text)
{
    size_t size = text ? strnlen(text, LIMIT_NAME + 1) : 0;
    if (size == 0 || size > LIMIT_NAME)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (!is_lower_or_digit(text[i]) && text[i] != '.' && text[i] != '-')
            return false;
    }
    return is_lower_or_digit(text[0]) && is_lower_or_digit(text[size - 1]);
}

/* Size of the well-formed sequence at p, 0 when there is none. [RFC 3629 4] */
static size_t
utf8_sequence(const uint8_t *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    size_t size = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || size > left)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xed && p[1] > 0x9f;
    bool above = p[0] == 0xf4 && p[1] > 0x8f;
    return overlong || surrogate || above ? 0 : size;
}

bool
text_is_utf8(struct bytes in)
{
    size_t at = 0;
    while (at < in.size) {
        size_t size = utf8_sequence(in.data + at, in.size - at);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

bool
text_is_printable(struct bytes in)
{
    for (size_t i = 0; i < in.size; i++) {
        if (in.data[i] < 0x20 || in.data[i] == 0x7f)
            return false;
    }
    return text_is_utf8(in);
}

/* One byte as text_escape() writes it; returns the size, 1 or 4. */
static size_t
escape_byte(uint8_t byte, char out[static 4])
{
    if (byte >= 0x20 && byte < 0x7f && byte != '\\') {
        out[0] = (char)byte;
        return 1;
    }
    out[0] = '\\';
    out[1] = 'x';
    out[2] = hex_digits[byte >> 4];
    out[3] = hex_digits[byte & 15];
    return 4;
}

char *
text_escape(struct bytes in, char *out, size_t out_size)
{
    if (out_size == 0)
        return out;
    size_t at = 0;
    size_t keep = 0; /* the end of the last whole byte that leaves room for "..." */
    for (size_t i = 0; i < in.size; i++) {
        char one[4];
        size_t size = escape_byte(in.data[i], one);
        if (at + size >= out_size) {
            at = keep;
            size_t n_dots = out_size - 1 - at < 3 ? out_size - 1 - at : 3;
            memset(out + at, '.', n_dots);
            at += n_dots;
            break;
        }
        memcpy(out + at, one, size);
        at += size;
        if (at + 3 < out_size)
            keep = at;
    }
    out[at] = '\0';
    return out;
}

enum status
text_parse_u64(const char *text, uint64_t max, uint64_t *out)
{
    *out = 0;
    if (!text || text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
        return STATUS_MALFORMED;
    uint64_t v = 0;
    bool above = false;
    for (const char *p = text; *p != '\0'; p++) {
        if (*p < '0' || *p > '9')
            return STATUS_MALFORMED;
        uint64_t digit = (uint64_t)(*p - '0');
        above = above || v > (UINT64_MAX - digit) / 10;
        v = v * 10 + digit;
    }
    if (above || v > max)
        return STATUS_LIMIT;
    *out = v;
    return STATUS_OK;
}

/* Seconds of a unit's letter; 0 when it is none. */
static uint64_t
unit_s(char unit)
{
    switch (unit) {
    case 's':
        return 1;
    case 'm':
        return 60;
    case 'h':
        return 3600;
    case 'd':
        return 86400;
    default:
        return 0;
    }
}

enum status
text_parse_duration_s(const char *text, int64_t *out)
{
    *out = 0;
    char number[24];
    if (!text || text[0] == '\0' || !text_copy(number, sizeof number, text))
        return STATUS_MALFORMED;
    size_t last = strlen(number) - 1;
    uint64_t unit = unit_s(number[last]);
    if (unit > 0)
        number[last] = '\0';
    else
        unit = 1;
    uint64_t count = 0;
    enum status s = text_parse_u64(number, (uint64_t)TEXT_DURATION_MAX_S / unit, &count);
    if (s != STATUS_OK)
        return s;
    *out = (int64_t)(count * unit);
    return STATUS_OK;
}

#define DAY_S         86400
#define DAYS_OF_400   146097                  /* days of 400 years of the Gregorian calendar */
#define DAYS_TO_EPOCH 719468                  /* from 0000-03-01 to 1970-01-01 */
#define TIME_MIN_S    (INT64_C(-62167219200)) /* 0000-01-01T00:00:00Z */
#define TIME_MAX_S    INT64_C(253402300799)   /* 9999-12-31T23:59:59Z */
#define MARCH_DAYS(m) ((153 * (m) + 2) / 5)   /* days before month m, March being 0 */

/* Days since 1970-01-01 of a date; years begin in March so that a leap day ends one. */
static int64_t
days_of_date(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = MARCH_DAYS((month + 9) % 12) + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_OF_400 + day_of_era - DAYS_TO_EPOCH;
}

static void
put_two(char *to, int64_t value)
{
    to[0] = (char)('0' + value / 10);
    to[1] = (char)('0' + value % 10);
}

char *
text_time(int64_t unix_s, char *out, size_t out_size)
{
    if (unix_s < TIME_MIN_S || unix_s > TIME_MAX_S) {
        (void)text_copy(out, out_size, "out-of-range");
        return out;
    }
    int64_t second = (unix_s % DAY_S + DAY_S) % DAY_S;
    int64_t day = (unix_s - second) / DAY_S;
    int64_t year = 1970 + (day < 0 ? day / 365 - 1 : day / 366); /* not after the true one */
    while (days_of_date(year + 1, 1, 1) <= day)
        year++;
    int64_t month = 1;
    while (month < 12 && days_of_date(year, month + 1, 1) <= day)
        month++;
    char text[] = "0000-00-00T00:00:00Z";
    put_two(text, year / 100);
    put_two(text + 2, year % 100);
    put_two(text + 5, month);
    put_two(text + 8, day - days_of_date(year, month, 1) + 1);
    put_two(text + 11, second / 3600);
    put_two(text + 14, second / 60 % 60);
    put_two(text + 17, second % 60);
    (void)text_copy(out, out_size, text);
    return out;
}

/* n digits of text as a number; -1 when one is no digit. */
static int64_t
number_at(const char *text, size_t n)
{
    int64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        v = v * 10 + (text[i] - '0');
    }
    return v;
}

enum status
text_parse_time(const char *text, int64_t *unix_s)
{
    *unix_s = 0;
    if (!text || strnlen(text, TEXT_TIME_SIZE) != TEXT_TIME_SIZE - 1)
        return STATUS_MALFORMED;
    int64_t year = number_at(text, 4);
    int64_t month = number_at(text + 5, 2);
    int64_t day = number_at(text + 8, 2);
    int64_t hour = number_at(text + 11, 2);
    int64_t minute = number_at(text + 14, 2);
    int64_t second = number_at(text + 17, 2);
    if (year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || minute < 0 || second < 0)
        return STATUS_MALFORMED;
    int64_t at = days_of_date(year, month, day) * DAY_S + hour * 3600 + minute * 60 + second;
    /* What does not come back as it was had a day, hour or separator that is none. */
    char again[TEXT_TIME_SIZE];
    if (!text_equal(text_time(at, again, sizeof again), text))
        return STATUS_MALFORMED;
    *unix_s = at;
    return STATUS_OK;
}

bool
text_copy(char *out, size_t out_size, const char *text)
{
    size_t size = strlen(text);
    if (out_size == 0)
        return false;
    size_t kept = size < out_size ? size : out_size - 1;
    memcpy(out, text, kept);
    out[kept] = '\0';
    return kept == size;
}

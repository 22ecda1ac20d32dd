/* Reading JSON (RFC 8259), never outside of the bytes that are there, and no deeper than DEEPEST. Each function stands at the beginning of
   what it reads, and behind it afterwards; 0 where it is odd, which is more than JSON itself forbids: whatever readers differ over. */

#include <stdint.h>
#include <string.h>

enum { DEEPEST = 32, LONGEST_NUMBER = 15 };

/* What a token is. A text is plain if it stands there as it is: ASCII, without escapes. */
enum { ABSENT, OTHER, PLAIN, TEXT, LIST, OBJECT, NUL };

typedef struct {
    const char *start; /* of a text: behind its quote */
    Py_ssize_t length;
    int kind;
} Token;

typedef struct {
    const char *at, *end;
} Text;

static inline void
blanks(Text *text)
{
    while (text->at < text->end && (*text->at == ' ' || *text->at == '\n' || *text->at == '\r' || *text->at == '\t'))
        text->at++;
}

#define EVERY(byte) (~(uint64_t)0 / 255 * (byte))
#define HIGH EVERY(0x80)

/* Whether one of eight bytes is a quote, a backslash, or below a blank. Eighth bits may make it say so of others: that does no harm. */
static inline uint64_t
ends_run(uint64_t eight)
{
    uint64_t quote = eight ^ EVERY('"'), escape = eight ^ EVERY('\\');
    return ((quote - EVERY(1)) | (escape - EVERY(1)) | (eight - EVERY(0x20))) & ~eight & HIGH;
}

static int
escaped(Text *text)
{
    if (text->end - text->at < 2)
        return 0;
    char kind = text->at[1];
    text->at += 2;
    if (kind != 'u')
        return kind && strchr("\"\\/bfnrt", kind) != NULL;
    if (text->end - text->at < 4)
        return 0;
    for (int i = 0; i < 4; i++) {
        char digit = text->at[i];
        if (!((digit >= '0' && digit <= '9') || ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f')))
            return 0;
    }
    int surrogate = (text->at[0] | 0x20) == 'd' && (text->at[1] > '7');
    text->at += 4;
    return !surrogate;
}

/* Up to the next byte that a text cannot simply go on with. high: all bytes on the way. */
static inline const char *
run(const char *at, const char *end, uint64_t *high)
{
    for (uint64_t eight, ends; end - at >= 8; at += 8) {
        memcpy(&eight, at, 8);
        ends = ends_run(eight);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        if (ends) { /* the lowest one is where the first of them stands */
            *high |= eight & ((ends & -ends) - 1);
            return at + __builtin_ctzll(ends) / 8;
        }
#else
        if (ends)
            break;
#endif
        *high |= eight;
    }
    for (; at < end; at++) {
        unsigned char one = (unsigned char)*at;
        if (one == '"' || one == '\\' || one < 0x20)
            break;
        *high |= one;
    }
    return at;
}

/* Nothing but texts may hold other bytes than ASCII's. */
static int
is_utf8(const char *start, Py_ssize_t length)
{
    PyObject *decoded = PyUnicode_DecodeUTF8(start, length, NULL);
    if (!decoded) {
        PyErr_Clear();
        return 0;
    }
    Py_DECREF(decoded);
    return 1;
}

static int
text_token(Text *text, Token *token)
{
    const char *start = ++text->at;
    uint64_t high = 0;
    int plain = 1;
    for (;;) {
        text->at = run(text->at, text->end, &high);
        if (text->at >= text->end || (unsigned char)*text->at < 0x20)
            return 0;
        if (*text->at == '"')
            break;
        plain = 0;
        if (!escaped(text))
            return 0;
    }
    high &= HIGH;
    if (high && !is_utf8(start, text->at - start))
        return 0;
    token->start = start;
    token->length = text->at - start;
    token->kind = plain && !high ? PLAIN : TEXT;
    text->at++;
    return 1;
}

static inline const char *
digits(const char *at, const char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* A number without an exponent, and not so long that readers may differ over it. */
static int
number(Text *text)
{
    const char *start = text->at, *at = start, *whole;
    if (*at == '-')
        at++;
    whole = at;
    at = digits(at, text->end);
    if (at == whole || (*whole == '0' && at - whole > 1))
        return 0;
    if (at < text->end && *at == '.') {
        const char *fraction = ++at;
        at = digits(at, text->end);
        if (at == fraction)
            return 0;
    }
    text->at = at;
    return at - start <= LONGEST_NUMBER && !(at < text->end && (*at == 'e' || *at == 'E'));
}

static int
word(Text *text, const char *expected, Py_ssize_t length)
{
    if (text->end - text->at < length || memcmp(text->at, expected, (size_t)length))
        return 0;
    text->at += length;
    return 1;
}

static int value(Text *, Token *, int);

/* Behind the `{` of an object that is not empty, or behind a comma in it: up to its next value. */
static int
key_token(Text *text, Token *key)
{
    blanks(text);
    if (text->at >= text->end || *text->at != '"' || !text_token(text, key))
        return 0;
    blanks(text);
    if (text->at >= text->end || *text->at++ != ':')
        return 0;
    blanks(text);
    return 1;
}

/* Behind a value: 1 where another one follows, 0 where `close` did, -1 where it is odd. */
static int
goes_on(Text *text, char close)
{
    blanks(text);
    if (text->at >= text->end)
        return -1;
    char one = *text->at++;
    return one == ',' ? 1 : one == close ? 0 : -1;
}

/* Behind the bracket that opens a list or an object: whether it is empty; then behind the one that closes it. */
static int
is_empty(Text *text, char close)
{
    blanks(text);
    if (text->at >= text->end || *text->at != close)
        return 0;
    text->at++;
    return 1;
}

static int
inside(Text *text, char close, int depth)
{
    Token ignored;
    int more;
    text->at++;
    if (depth > DEEPEST)
        return 0;
    if (is_empty(text, close))
        return 1;
    do {
        if (close == '}' && !key_token(text, &ignored))
            return 0;
        if (!value(text, &ignored, depth + 1))
            return 0;
    } while ((more = goes_on(text, close)) > 0);
    return more == 0;
}

static int
value(Text *text, Token *token, int depth)
{
    blanks(text);
    if (text->at >= text->end)
        return 0;
    const char *start = text->at;
    int good;
    token->kind = OTHER;
    switch (*start) {
    case '"':
        return text_token(text, token);
    case '{':
        good = inside(text, '}', depth);
        token->kind = OBJECT;
        break;
    case '[':
        good = inside(text, ']', depth);
        token->kind = LIST;
        break;
    case 'n':
        good = word(text, "null", 4);
        token->kind = NUL;
        break;
    case 't':
        good = word(text, "true", 4);
        break;
    case 'f':
        good = word(text, "false", 5);
        break;
    default:
        good = number(text);
    }
    token->start = start;
    token->length = text->at - start;
    return good;
}

/* Reading msgpack as casbd writes it, never outside of the bytes that are there: each function stands at the beginning of a value and
 * behind it afterwards, or answers 0 where there is another one, and stays.
 *
 * https://github.com/msgpack/msgpack/blob/master/spec.md
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const uint8_t *at, *end;
} Input;

static inline int has(const Input *input, size_t size) { return (size_t)(input->end - input->at) >= size; }

static inline uint64_t big_endian(const uint8_t *bytes, size_t size) {
    uint64_t value = 0;
    while (size--)
        value = value << 8 | *bytes++;
    return value;
}

/* A length behind a type byte: `small` and its mask is the short form, then those of `sizes` bytes from `first` on. */
static inline int read_length(Input *input, uint8_t small, uint8_t mask, uint8_t first, const uint8_t *sizes, size_t forms, size_t *length) {
    if (!has(input, 1))
        return 0;
    uint8_t type = *input->at;
    if ((type & ~mask) == small) {
        *length = type & mask;
        input->at++;
        return 1;
    }
    if (type < first || (size_t)(type - first) >= forms || !has(input, 1 + (size_t)sizes[type - first]))
        return 0;
    *length = (size_t)big_endian(input->at + 1, sizes[type - first]);
    input->at += 1 + sizes[type - first];
    return 1;
}

static inline int read_array(Input *input, size_t *length) {
    static const uint8_t sizes[] = {2, 4};
    return read_length(input, 0x90, 0x0f, 0xdc, sizes, 2, length);
}

static inline int read_text(Input *input, const uint8_t **text, size_t *length) {
    static const uint8_t sizes[] = {1, 2, 4};
    if (!read_length(input, 0xa0, 0x1f, 0xd9, sizes, 3, length) || !has(input, *length))
        return 0;
    *text = input->at;
    input->at += *length;
    return 1;
}

static inline int read_unknown(Input *input) {
    if (!has(input, 1) || *input->at != 0xc0)
        return 0;
    input->at++;
    return 1;
}

static inline int read_integer(Input *input, int64_t *value) {
    if (!has(input, 1))
        return 0;
    uint8_t type = *input->at;
    if (type < 0x80 || type >= 0xe0) {
        *value = (int8_t)type;
        input->at++;
        return 1;
    }
    if (type < 0xcc || type > 0xd3)
        return 0;
    size_t size = (size_t)1 << ((type - 0xcc) & 3);
    if (!has(input, 1 + size))
        return 0;
    uint64_t bits = big_endian(input->at + 1, size);
    int is_signed = type >= 0xd0;
    if (!is_signed && bits > INT64_MAX)
        return 0;
    if (is_signed && size < 8 && bits >> (8 * size - 1))
        bits |= UINT64_MAX << (8 * size);
    memcpy(value, &bits, sizeof bits);
    input->at += 1 + size;
    return 1;
}

/* RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF. */
static inline int is_utf8(const uint8_t *at, size_t length) {
    const uint8_t *end = at + length;
    while (at < end) {
        uint64_t eight;
        if (end - at >= 8 && (memcpy(&eight, at, 8), !(eight & 0x8080808080808080u))) {
            at += 8;
            continue;
        }
        uint8_t first = *at++;
        if (first < 0x80)
            continue;
        size_t more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
        if (first < 0xc2 || first > 0xf4 || (size_t)(end - at) < more)
            return 0;
        uint8_t lowest = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
        uint8_t highest = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
        if (*at < lowest || *at > highest)
            return 0;
        for (at++; --more; at++)
            if ((*at & 0xc0) != 0x80)
                return 0;
    }
    return 1;
}

/* A value of any kind. What is in a list counts as so many more. */
static inline int read_anything(Input *input) {
    for (size_t left = 1; left; left--) {
        const uint8_t *text;
        size_t length;
        int64_t number;
        uint8_t type = has(input, 1) ? *input->at : 0xc1; /* a type that msgpack never uses */
        if (type == 0xc0 || type == 0xc2 || type == 0xc3)
            input->at++;
        else if (type == 0xcb && has(input, 9))
            input->at += 9;
        else if (read_array(input, &length)) {
            if (length > (size_t)(input->end - input->at))
                return 0;
            left += length;
        } else if (!read_text(input, &text, &length) && !read_integer(input, &number))
            return 0;
    }
    return 1;
}

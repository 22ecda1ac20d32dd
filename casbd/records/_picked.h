/* What a record is looked through for, the tokens that are picked, and what is made of them. */

#include "_json.h"

enum { MOST_PLACES = 96, BUCKETS = 256 };

typedef struct {
    char *name;
    Py_ssize_t length;
} Name;

/* A key of the record, whose value is at the place of the key's own number. In the value, a list of {Name, Value} or {Key, Value},
   `number` names are looked for, from `first` on; their values are at the places behind those of all keys. */
typedef struct {
    Name name;
    int first, number;
} Key;

/* What is made of tokens: a text, the JSON text itself, what `memory` says of several, or a moment. */
typedef struct {
    int what, first, number;
    PyObject *memory;
} Output;

enum { AS_TEXT, AS_JSON, FROM_MEMORY, AS_MOMENT };

typedef struct {
    PyObject_HEAD
    PyObject *make, *read_text;
    Key *keys;
    int number_of_keys;
    Name *names;
    int number_of_names;
    Output *outputs;
    int number_of_outputs;
    int *places; /* those of the outputs, one output's behind the other's */
    short buckets[BUCKETS];
} Picker;

static inline unsigned
hash(const char *name, Py_ssize_t length)
{
    if (!length)
        return 0;
    unsigned char first = (unsigned char)name[0], middle = (unsigned char)name[length / 2], last = (unsigned char)name[length - 1];
    return ((unsigned)length * 7 + first * 31u + middle * 57u + last * 101u) % BUCKETS;
}

static inline int
is_name(const Name *name, const Token *token)
{
    return name->length == token->length && !memcmp(name->name, token->start, (size_t)token->length);
}

static inline const Key *
wanted(const Picker *picker, const Token *token)
{
    unsigned bucket = hash(token->start, token->length);
    for (; picker->buckets[bucket] >= 0; bucket = (bucket + 1) % BUCKETS)
        if (is_name(&picker->keys[picker->buckets[bucket]].name, token))
            return &picker->keys[picker->buckets[bucket]];
    return NULL;
}

#define IS(token, word) ((token)->length == sizeof(word) - 1 && !memcmp((token)->start, word, sizeof(word) - 1))

/* Take a {Name, Value} or {Key, Value} that is looked for. Name, Key and Value stand there once at most. */
static int
take_named(const Picker *picker, const Key *key, const Token *name, const Token *other, const Token *named, Token *tokens)
{
    const Token *label = name->kind == PLAIN && name->length ? name : other;
    if (name->kind == TEXT || label->kind == TEXT)
        return 0; /* it may be a wanted one, in other letters */
    if (label->kind != PLAIN)
        return 1;
    for (int i = 0; i < key->number; i++) {
        Token *place = &tokens[picker->number_of_keys + key->first + i];
        if (is_name(&picker->names[key->first + i], label)) {
            if (place->kind != ABSENT || named->kind == LIST || named->kind == OBJECT)
                return 0;
            *place = *named;
        }
    }
    return 1;
}

static int
named_value(const Picker *picker, const Key *key, Text *text, Token *tokens)
{
    Token name = {0}, other = {0}, named = {0}, own;
    int more;
    blanks(text);
    if (text->at >= text->end || *text->at++ != '{')
        return 0;
    if (is_empty(text, '}'))
        return 1;
    do {
        Token found;
        if (!key_token(text, &own) || own.kind == TEXT || !value(text, &found, 2))
            return 0;
        Token *place = IS(&own, "Name") ? &name : IS(&own, "Value") ? &named : IS(&own, "Key") ? &other : NULL;
        if (place) {
            if (place->kind != ABSENT)
                return 0;
            if (place != &named && found.kind != PLAIN && found.kind != TEXT && found.kind != NUL)
                return 0;
            *place = found;
        }
    } while ((more = goes_on(text, '}')) > 0);
    return more == 0 && take_named(picker, key, &name, &other, &named, tokens);
}

/* A list of {Name, Value}, or a text, or null. */
static int
named_values(const Picker *picker, const Key *key, Text *text, Token *token, Token *tokens)
{
    const char *start = text->at;
    int more;
    if (start >= text->end)
        return 0;
    if (*start != '[')
        return value(text, token, 1) && (token->kind == PLAIN || token->kind == TEXT || token->kind == NUL);
    text->at++;
    if (!is_empty(text, ']')) {
        do {
            if (!named_value(picker, key, text, tokens))
                return 0;
        } while ((more = goes_on(text, ']')) > 0);
        if (more < 0)
            return 0;
    }
    token->start = start;
    token->length = text->at - start;
    token->kind = LIST;
    return 1;
}

static int
pick(const Picker *picker, Text *text, Token *tokens)
{
    Token name, ignored;
    int more;
    if (text->at >= text->end || *text->at++ != '{')
        return 0;
    if (is_empty(text, '}'))
        return text->at == text->end;
    do {
        if (!key_token(text, &name) || name.kind == TEXT)
            return 0; /* it may be a wanted one, in other letters */
        const Key *key = wanted(picker, &name);
        Token *place = key ? &tokens[key - picker->keys] : &ignored;
        if (key && place->kind != ABSENT)
            return 0; /* readers take the last one */
        if (!(key && key->number ? named_values(picker, key, text, place, tokens) : value(text, place, 1)))
            return 0;
    } while ((more = goes_on(text, '}')) > 0);
    return more == 0 && text->at == text->end;
}

/* --- what is made of it; NULL where Python has raised --- */

static inline int
in_quotes(const Token *token)
{
    return token->kind == PLAIN || token->kind == TEXT;
}

static PyObject *
as_json(const Token *token)
{
    if (token->kind == ABSENT) {
        Py_INCREF(Py_None);
        return Py_None;
    }
    int quotes = in_quotes(token);
    return PyBytes_FromStringAndSize(token->start - quotes, token->length + 2 * quotes);
}

static PyObject *
as_text(const Picker *picker, const Token *token)
{
    if (token->kind == PLAIN)
        return PyUnicode_FromStringAndSize(token->start, token->length);
    if (token->kind == TEXT && !memchr(token->start, '\\', (size_t)token->length))
        return PyUnicode_DecodeUTF8(token->start, token->length, NULL);
    PyObject *json = as_json(token);
    if (!json || json == Py_None)
        return json;
    PyObject *text = PyObject_CallFunctionObjArgs(picker->read_text, json, NULL);
    Py_DECREF(json);
    return text;
}

/* The number that two digits make; -1 where they are none. */
static inline int
two_digits(const char *at)
{
    int tens = at[0] - '0', ones = at[1] - '0';
    return tens < 0 || tens > 9 || ones < 0 || ones > 9 ? -1 : 10 * tens + ones;
}

/* Milliseconds since 1970 at `20YY-MM-DDThh:mm:ss`, with or without Z: UTC either way. Of all else the text. */
static PyObject *
as_moment(const Picker *picker, const Token *token)
{
    static const unsigned char days_in[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    static const short days_before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    const char *at = token->start;
    if (token->kind != PLAIN || !(token->length == 19 || (token->length == 20 && at[19] == 'Z')) || at[0] != '2' || at[1] != '0' ||
        at[4] != '-' || at[7] != '-' || at[10] != 'T' || at[13] != ':' || at[16] != ':')
        return as_text(picker, token);
    int year = two_digits(at + 2), month = two_digits(at + 5), day = two_digits(at + 8);
    int hour = two_digits(at + 11), minute = two_digits(at + 14), second = two_digits(at + 17);
    if (year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return as_text(picker, token);
    int leap = year % 4 == 0; /* 2000 was one, too */
    if (day > days_in[month - 1] + (leap && month == 2))
        return as_text(picker, token);
    long long days = 10957 + 365LL * year + (year + 3) / 4 + days_before[month - 1] + (leap && month > 2) + day - 1;
    return PyLong_FromLongLong((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000);
}

/* The tokens behind one another, commas between them, and null for what is not there. */
static PyObject *
from_memory(const Output *output, const int *places, const Token *tokens)
{
    Py_ssize_t length = output->number - 1;
    for (int i = 0; i < output->number; i++) {
        const Token *token = &tokens[places[i]];
        length += token->kind == ABSENT ? 4 : token->length + 2 * in_quotes(token);
    }
    PyObject *key = PyBytes_FromStringAndSize(NULL, length);
    if (!key)
        return NULL;
    char *at = PyBytes_AsString(key);
    for (int i = 0; i < output->number; i++) {
        const Token *token = &tokens[places[i]];
        int quotes = in_quotes(token);
        if (i)
            *at++ = ',';
        if (token->kind == ABSENT) {
            memcpy(at, "null", 4);
            at += 4;
        } else {
            memcpy(at, token->start - quotes, (size_t)(token->length + 2 * quotes));
            at += token->length + 2 * quotes;
        }
    }
    PyObject *found = PyDict_GetItemWithError(output->memory, key); /* asking for the item, as Python does, takes twice as long */
    if (found)
        Py_INCREF(found);
    else if (!PyErr_Occurred())
        found = PyObject_GetItem(output->memory, key);
    Py_DECREF(key);
    return found;
}

static PyObject *
made(const Picker *picker, const Token *tokens)
{
    PyObject *values = PyTuple_New(picker->number_of_outputs);
    if (!values)
        return NULL;
    for (int i = 0; i < picker->number_of_outputs; i++) {
        const Output *output = &picker->outputs[i];
        const int *places = picker->places + output->first;
        PyObject *one = output->what == FROM_MEMORY ? from_memory(output, places, tokens)
                        : output->what == AS_JSON   ? as_json(&tokens[*places])
                        : output->what == AS_MOMENT ? as_moment(picker, &tokens[*places])
                                                    : as_text(picker, &tokens[*places]);
        if (!one) {
            Py_DECREF(values);
            return NULL;
        }
        PyTuple_SetItem(values, i, one);
    }
    PyObject *result = PyObject_CallObject(picker->make, values);
    Py_DECREF(values);
    return result;
}

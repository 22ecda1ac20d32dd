/* Picks some fields out of the JSON text of a record, in one pass; which fields, and what becomes of them, Python says (picking.py).

It answers for records that are as nearly all are, and for no others: where anything is odd it says None, and whoever asked
reads the record in another way. So whatever is accepted here must be JSON, and mean what any JSON reader takes it for.
It never reads outside of the bytes that it was given, keeps nothing of them, and goes no deeper than DEEPEST. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <string.h>

enum { DEEPEST = 32, MOST_PLACES = 96, BUCKETS = 256, LONGEST_NUMBER = 15 };

/* What a token is. A text is plain if it stands there as it is: ASCII, without escapes. */
enum { ABSENT, OTHER, PLAIN, TEXT, LIST, OBJECT, NUL };

typedef struct {
    const char *start; /* of a text: behind its quote */
    Py_ssize_t length;
    int kind;
} Token;

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

typedef struct {
    const char *at, *end;
    uint64_t high; /* the eighth bits of all texts */
} Text;

/* --- JSON (RFC 8259). Each function stands at the beginning of what it reads, and behind it afterwards; 0 where it is odd. --- */

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
    text->high |= high;
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

/* --- picking --- */

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
    PyObject *found = PyObject_GetItem(output->memory, key);
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

static PyObject *
Picker_pick(PyObject *self, PyObject *record)
{
    const Picker *picker = (const Picker *)self;
    Token tokens[MOST_PLACES];
    char *start;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(record, &start, &length))
        return NULL;
    if (!picker->make)
        Py_RETURN_NONE; /* it is being thrown away */
    memset(tokens, 0, sizeof(Token) * (size_t)(picker->number_of_keys + picker->number_of_names));
    Text text = {start, start + length, 0};
    if (!pick(picker, &text, tokens) || (text.high && !is_utf8(start, length)))
        Py_RETURN_NONE;
    return made(picker, tokens);
}

/* --- the type --- */

static int
Picker_traverse(PyObject *self, visitproc visit, void *arg)
{
    Picker *picker = (Picker *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(picker->make);
    Py_VISIT(picker->read_text);
    for (int i = 0; i < picker->number_of_outputs; i++)
        Py_VISIT(picker->outputs[i].memory);
    return 0;
}

static int
Picker_clear(PyObject *self)
{
    Picker *picker = (Picker *)self;
    Py_CLEAR(picker->make);
    Py_CLEAR(picker->read_text);
    for (int i = 0; i < picker->number_of_outputs; i++)
        Py_CLEAR(picker->outputs[i].memory);
    return 0;
}

static void
Picker_dealloc(PyObject *self)
{
    Picker *picker = (Picker *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Picker_clear(self);
    for (int i = 0; i < picker->number_of_keys; i++)
        PyMem_Free(picker->keys[i].name.name);
    for (int i = 0; i < picker->number_of_names; i++)
        PyMem_Free(picker->names[i].name);
    PyMem_Free(picker->keys);
    PyMem_Free(picker->names);
    PyMem_Free(picker->outputs);
    PyMem_Free(picker->places);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(self);
    Py_DECREF(type);
}

static int
copied(PyObject *bytes, Name *name)
{
    char *start;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(bytes, &start, &length))
        return 0;
    name->name = PyMem_Malloc((size_t)length + 1);
    if (!name->name) {
        PyErr_NoMemory();
        return 0;
    }
    memcpy(name->name, start, (size_t)length);
    name->length = length;
    return 1;
}

/* keys: (key, number of names) each. */
static int
take_keys(Picker *picker, PyObject *keys)
{
    int first = 0;
    for (int i = 0; i < BUCKETS; i++)
        picker->buckets[i] = -1;
    for (Py_ssize_t i = 0; i < PyTuple_Size(keys); i++) {
        Key *key = &picker->keys[i];
        PyObject *name;
        if (!PyArg_ParseTuple(PyTuple_GetItem(keys, i), "Si", &name, &key->number) || !copied(name, &key->name))
            return 0;
        picker->number_of_keys++;
        key->first = first;
        first += key->number;
        unsigned bucket = hash(key->name.name, key->name.length);
        while (picker->buckets[bucket] >= 0)
            bucket = (bucket + 1) % BUCKETS;
        picker->buckets[bucket] = (short)i;
    }
    return 1;
}

static int
take_names(Picker *picker, PyObject *names)
{
    for (Py_ssize_t i = 0; i < PyTuple_Size(names); i++) {
        if (!copied(PyTuple_GetItem(names, i), &picker->names[i]))
            return 0;
        picker->number_of_names++;
    }
    return 1;
}

/* outputs: (what, number of places, memory) each; places: of all of them. */
static int
take_outputs(Picker *picker, PyObject *outputs, PyObject *places)
{
    int first = 0;
    for (Py_ssize_t i = 0; i < PyTuple_Size(outputs); i++) {
        Output *output = &picker->outputs[i];
        if (!PyArg_ParseTuple(PyTuple_GetItem(outputs, i), "iiO", &output->what, &output->number, &output->memory))
            return 0;
        Py_INCREF(output->memory);
        picker->number_of_outputs++;
        output->first = first;
        first += output->number;
    }
    for (Py_ssize_t i = 0; i < PyTuple_Size(places); i++) {
        long place = PyLong_AsLong(PyTuple_GetItem(places, i));
        if (PyErr_Occurred())
            return 0;
        if (place < 0 || place >= picker->number_of_keys + picker->number_of_names)
            break;
        picker->places[i] = (int)place;
        first--;
    }
    if (first)
        PyErr_SetString(PyExc_ValueError, "an output needs places that there are");
    return !first;
}

static void *
room(Py_ssize_t number, size_t size)
{
    void *memory = PyMem_Calloc((size_t)number + 1, size);
    if (!memory)
        PyErr_NoMemory();
    return memory;
}

/* Picker(make, read_text, keys, names, outputs, places): picking.py makes them, and is asked for nothing else. */
static PyObject *
Picker_new(PyTypeObject *type, PyObject *arguments, PyObject *Py_UNUSED(named))
{
    PyObject *make, *read_text, *keys, *names, *outputs, *places;
    if (!PyArg_ParseTuple(arguments, "OOO!O!O!O!", &make, &read_text, &PyTuple_Type, &keys, &PyTuple_Type, &names, &PyTuple_Type,
                          &outputs, &PyTuple_Type, &places))
        return NULL;
    if (PyTuple_Size(keys) + PyTuple_Size(names) > MOST_PLACES) {
        PyErr_SetString(PyExc_ValueError, "too many fields");
        return NULL;
    }
    Picker *picker = (Picker *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
    if (!picker)
        return NULL;
    Py_INCREF(make);
    Py_INCREF(read_text);
    picker->make = make;
    picker->read_text = read_text;
    if (!(picker->keys = room(PyTuple_Size(keys), sizeof(Key))) || !(picker->names = room(PyTuple_Size(names), sizeof(Name))) ||
        !(picker->outputs = room(PyTuple_Size(outputs), sizeof(Output))) ||
        !(picker->places = room(PyTuple_Size(places), sizeof(int))) || !take_keys(picker, keys) || !take_names(picker, names) ||
        !take_outputs(picker, outputs, places)) {
        Py_DECREF(picker);
        return NULL;
    }
    return (PyObject *)picker;
}

static PyMethodDef Picker_methods[] = {
    {"pick", Picker_pick, METH_O, "What `make` makes of a record's fields; None where the record is odd."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot Picker_slots[] = {
    {Py_tp_new, Picker_new},
    {Py_tp_traverse, Picker_traverse},
    {Py_tp_clear, Picker_clear},
    {Py_tp_dealloc, Picker_dealloc},
    {Py_tp_methods, Picker_methods},
    {0, NULL},
};

static PyType_Spec Picker_spec = {
    .name = "casbd.records._picking.Picker",
    .basicsize = sizeof(Picker),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = Picker_slots,
};

static int
add_types(PyObject *module)
{
    PyObject *type = PyType_FromSpec(&Picker_spec);
    if (!type)
        return -1;
    int failed = PyModule_AddObjectRef(module, "Picker", type);
    Py_DECREF(type);
    return failed;
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, add_types}, {0, NULL}};

static PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "casbd.records._picking", .m_slots = module_slots};

PyMODINIT_FUNC
PyInit__picking(void)
{
    return PyModuleDef_Init(&module);
}

/* Activities as msgpack to columns as Arrow lays them out, in one pass.
 *
 * It knows nothing of fields: `kinds` has a letter for each, and of one the texts may lie elsewhere. Whatever is not exactly as casbd itself encodes it (another number of
 * fields, another type, text that is not UTF-8, an end too early) makes it return None, and Python decides (packing.py).
 *
 * https://arrow.apache.org/docs/format/Columnar.html
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdlib.h>

#include "_buffer.h"
#include "_msgpack.h"
#include "_plain.h"

#define MOST_COLUMNS 256
#define PARTS 4 /* of an object: id, name, type, role */

/* One column as it grows. `valid`: a bit a value. `values`: numbers, bits, or where each text or list ends. */
typedef struct {
    char kind;
    size_t rows, unknown;
    Buffer valid, values, text;
} Column;

/* ------------------------------------------------------------------ growing */

static enum answer append_bit(Buffer *buffer, size_t place, int bit) {
    if (place % 8 == 0) {
        uint8_t none = 0;
        enum answer answer = append(buffer, &none, 1);
        if (answer != GOOD)
            return answer;
    }
    buffer->bytes[place / 8] |= (uint8_t)((bit != 0) << (place % 8));
    return GOOD;
}

/* Arrow's offsets have 32 bits and a sign: what has more bytes is odd. */
static enum answer append_end(Column *column, size_t end) {
    if (end > INT32_MAX)
        return ODD;
    int32_t offset = (int32_t)end;
    return append(&column->values, &offset, sizeof offset);
}

static enum answer append_known(Column *column, int known) {
    column->unknown += !known;
    return append_bit(&column->valid, column->rows++, known);
}

/* ------------------------------------------------------------------ fields */

static enum answer append_text(Column *column, const uint8_t *text, size_t length, int known) {
    enum answer answer;
    if (!is_utf8(text, length))
        return ODD;
    if ((answer = append(&column->text, text, length)) != GOOD || (answer = append_end(column, column->text.used)) != GOOD)
        return answer;
    return append_known(column, known);
}

static enum answer add_text(Column *column, Input *input, int may_be_unknown) {
    const uint8_t *text = NULL;
    size_t length = 0;
    int known = !(may_be_unknown && read_unknown(input));
    return known && !read_text(input, &text, &length) ? ODD : append_text(column, text, length, known);
}

/* A text that lies elsewhere; in its place there is one that says nothing. */
static enum answer add_apart(Column *column, Input *input, Input *apart) {
    const uint8_t *text;
    size_t length;
    return read_text(input, &text, &length) && !length && read_plain(apart, &text, &length) ? append_text(column, text, length, 1) : ODD;
}

static enum answer add_integer(Column *column, Input *input, int may_be_unknown) {
    int64_t value = 0;
    int known = !(may_be_unknown && read_unknown(input));
    if (known && !read_integer(input, &value))
        return ODD;
    enum answer answer = append(&column->values, &value, sizeof value);
    return answer == GOOD ? append_known(column, known) : answer;
}

static enum answer add_number(Column *column, Input *input) {
    uint64_t bits = 0;
    int known = !read_unknown(input);
    if (known) {
        if (!has(input, 9) || *input->at != 0xcb)
            return ODD;
        bits = big_endian(input->at + 1, 8);
        input->at += 9;
    }
    enum answer answer = append(&column->values, &bits, sizeof bits);
    return answer == GOOD ? append_known(column, known) : answer;
}

static enum answer add_flag(Column *column, Input *input) {
    int known = !read_unknown(input), flag = 0;
    if (known) {
        if (!has(input, 1) || (*input->at & ~1) != 0xc2)
            return ODD;
        flag = *input->at++ & 1;
    }
    enum answer answer = append_bit(&column->values, column->rows, flag);
    return answer == GOOD ? append_known(column, known) : answer;
}

/* A list of texts, or of objects: `parts` columns take what is in it, a text of each in turn. */
static enum answer add_list(Column *column, Column *parts, Input *input, int of_objects) {
    size_t length, fields;
    enum answer answer = GOOD;
    if (!read_array(input, &length))
        return ODD;
    for (; length; length--) {
        if (of_objects && (!read_array(input, &fields) || fields != PARTS))
            return ODD;
        for (size_t part = 0; part < (of_objects ? PARTS : 1) && answer == GOOD; part++)
            answer = add_text(parts + part, input, of_objects);
        if (answer != GOOD)
            return answer;
    }
    column->rows++;
    return append_end(column, parts->rows);
}

static enum answer add(Column *column, Column *parts, Input *input, Input *apart) {
    switch (column->kind) {
    case 'r': return add_apart(column, input, apart);
    case 'I': return add_integer(column, input, 0);
    case 'i': return add_integer(column, input, 1);
    case 'T': return add_text(column, input, 0);
    case 't': return add_text(column, input, 1);
    case 'b': return add_flag(column, input);
    case 'd': return add_number(column, input);
    case 'l': return add_list(column, parts, input, 0);
    case 'o': return add_list(column, parts, input, 1);
    default: return read_anything(input) ? GOOD : ODD;
    }
}

/* ------------------------------------------------------------------ the whole */

/* Where the first text or list of each column begins. Those of a list's parts lie behind it, PARTS for each. */
static enum answer begin(Column *columns, Column *parts, size_t width) {
    enum answer answer = GOOD;
    for (size_t column = 0; column < width && answer == GOOD; column++) {
        if (columns[column].kind && strchr("Ttrlo", columns[column].kind))
            answer = append_end(columns + column, 0);
        for (size_t part = 0; part < PARTS && answer == GOOD; part++)
            if (columns[column].kind == 'o' || (columns[column].kind == 'l' && part == 0))
                answer = append_end(parts + column * PARTS + part, 0);
    }
    return answer;
}

/* `number` more activities, which are all that there is. */
static enum answer read_all(Input *input, Input *apart, size_t number, Column *columns, Column *parts, size_t width) {
    enum answer answer = GOOD;
    for (; number && answer == GOOD; number--) {
        size_t fields;
        if (!read_array(input, &fields) || fields != width)
            return ODD;
        for (size_t column = 0; column < width && answer == GOOD; column++)
            answer = add(columns + column, parts + column * PARTS, input, apart);
    }
    return answer == GOOD && input->at != input->end ? ODD : answer;
}

/* (rows, unknown, valid, values, text) */
static PyObject *as_tuple(Column *column) {
    return Py_BuildValue("(nnNNN)", (Py_ssize_t)column->rows, (Py_ssize_t)column->unknown, taken(&column->valid),
                         taken(&column->values), taken(&column->text));
}

static PyObject *as_list(Column *columns, size_t number) {
    PyObject *list = PyList_New(0);
    for (size_t column = 0; list != NULL && column < number; column++) {
        if (!columns[column].kind)
            continue;
        PyObject *tuple = as_tuple(columns + column);
        if (tuple == NULL || PyList_Append(list, tuple) < 0)
            Py_CLEAR(list);
        Py_XDECREF(tuple);
    }
    return list;
}

static void give_back(Column *columns, size_t number) {
    for (size_t column = 0; column < number; column++) {
        Py_XDECREF(columns[column].valid.array);
        Py_XDECREF(columns[column].values.array);
        Py_XDECREF(columns[column].text.array);
    }
    free(columns);
}

/* One of the encoded bodies, and how many activities it has. -1 where it is no such thing. */
static int get_body(PyObject *bodies, PyObject *numbers, Py_ssize_t place, Input *input, Py_ssize_t *number) {
    char *bytes;
    Py_ssize_t size;
    *number = PyLong_AsSsize_t(PyTuple_GetItem(numbers, place));
    if ((*number == -1 && PyErr_Occurred()) || PyBytes_AsStringAndSize(PyTuple_GetItem(bodies, place), &bytes, &size) < 0)
        return -1;
    *input = (Input){(const uint8_t *)bytes, (const uint8_t *)bytes + size};
    return 0;
}

/* A guess at the bytes that the values of so many activities take. */
static size_t first_room(char kind, size_t number) {
    return kind == 'b' ? number / 8 + 8 : (strchr("Iid", kind) ? 8 : 4) * (number + 1);
}

PyDoc_STRVAR(columns_doc, "columns(bodies, numbers, kinds, apart)\n--\n\n"
                          "The columns of the activities of some bodies, of which each has so many, one behind the other, and those of their lists'\n"
                          "parts; None where Python must decide.");

static PyObject *columns(PyObject *module, PyObject *arguments) {
    PyObject *bodies, *numbers;
    const char *kinds, *texts_apart;
    Py_ssize_t number, width, size_apart, whole = 0;
    Input input;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "O!O!s#y#", &PyTuple_Type, &bodies, &PyTuple_Type, &numbers, &kinds, &width, &texts_apart, &size_apart))
        return NULL;
    Py_ssize_t count = PyTuple_Size(bodies);
    if (width < 1 || width > MOST_COLUMNS || PyTuple_Size(numbers) != count)
        Py_RETURN_NONE;
    for (Py_ssize_t place = 0; place < count; place++, whole += number) {
        if (get_body(bodies, numbers, place, &input, &number) < 0)
            return NULL;
        if (number < 0 || number > (input.end - input.at) / width) /* each field has a byte at least */
            Py_RETURN_NONE;
    }
    size_t all = (size_t)width * (1 + PARTS);
    Column *made = calloc(all, sizeof *made);
    if (made == NULL)
        return PyErr_NoMemory();
    for (Py_ssize_t column = 0; column < width; column++) {
        made[column].kind = kinds[column] == 's' ? 0 : kinds[column];
        size_t parts = kinds[column] == 'o' ? PARTS : kinds[column] == 'l';
        for (size_t part = 0; part < parts; part++)
            made[width + column * PARTS + (Py_ssize_t)part].kind = 't';
    }
    for (size_t column = 0; column < all; column++) { /* of lists' parts a guess, like that of texts */
        made[column].valid.first = (size_t)whole / 8 + 8;
        made[column].values.first = first_room(made[column].kind, (size_t)whole);
        made[column].text.first = 4096;
    }
    Input apart = {(const uint8_t *)texts_apart, (const uint8_t *)texts_apart + size_apart};
    PyObject *result = NULL;
    enum answer answer = begin(made, made + width, (size_t)width);
    for (Py_ssize_t place = 0; place < count && answer == GOOD; place++) {
        get_body(bodies, numbers, place, &input, &number); /* as before */
        answer = read_all(&input, &apart, (size_t)number, made, made + width, (size_t)width);
    }
    switch (answer == GOOD && apart.at != apart.end ? ODD : answer) {
    case GOOD: result = as_list(made, all); break;
    case ODD: result = Py_NewRef(Py_None); break;
    case NO_MEMORY: PyErr_NoMemory();
    }
    give_back(made, all);
    return result;
}

static PyMethodDef methods[] = {{"columns", columns, METH_VARARGS, columns_doc},
                                {"append_texts", append_texts, METH_VARARGS, append_texts_doc},
                                {"texts", texts, METH_VARARGS, texts_doc},
                                {NULL, NULL, 0, NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_bodies", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__bodies(void) { return PyModule_Create(&definition); }

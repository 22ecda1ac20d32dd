/* The keys of an item and their values as one text; which keys, and what makes their values, Python says (pairs.py).

A value that is as nearly all are is copied: printable ASCII, without what the format escapes or replaces, no blank at either end, not too
long. Of any other text Python says how it is written. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <string.h>

#define DIGITS 20 /* of any number of 64 bits, with its sign */

/* What was joined so far. kept: how much of it goes up to the last pair with a value. */
typedef struct {
    char *bytes, own[4096];
    Py_ssize_t used, room, kept;
} Joined;

/* What stands around values. special: the characters that no value has as it is. */
typedef struct {
    const char *separator, *special;
    Py_ssize_t separator_length, special_length;
    PyObject *write;
    int with_empty;
} Form;

static int
append(Joined *joined, const char *bytes, Py_ssize_t length)
{
    if (length > joined->room - joined->used) {
        if (length > PY_SSIZE_T_MAX / 4 || joined->room > PY_SSIZE_T_MAX / 4) {
            PyErr_NoMemory();
            return 0;
        }
        Py_ssize_t room = 2 * joined->room + length;
        char *larger = PyMem_Realloc(joined->bytes == joined->own ? NULL : joined->bytes, (size_t)room);
        if (!larger) {
            PyErr_NoMemory();
            return 0;
        }
        if (joined->bytes == joined->own)
            memcpy(larger, joined->own, (size_t)joined->used);
        joined->bytes = larger;
        joined->room = room;
    }
    memcpy(joined->bytes + joined->used, bytes, (size_t)length);
    joined->used += length;
    return 1;
}

static int
append_pair(Joined *joined, const Form *form, PyObject *prefix, const char *value, Py_ssize_t length)
{
    Py_ssize_t prefix_length;
    const char *start = PyUnicode_AsUTF8AndSize(prefix, &prefix_length);
    if (!start || (joined->used && !append(joined, form->separator, form->separator_length)) || !append(joined, start, prefix_length) ||
        !append(joined, value, length))
        return 0;
    if (length)
        joined->kept = joined->used;
    return 1;
}

static int
append_number(Joined *joined, const Form *form, PyObject *prefix, long long number)
{
    char digits[DIGITS];
    int first = DIGITS;
    unsigned long long rest = number < 0 ? 0ULL - (unsigned long long)number : (unsigned long long)number;
    do
        digits[--first] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0)
        digits[--first] = '-';
    return append_pair(joined, form, prefix, digits + first, DIGITS - first);
}

/* Any object that is a text. */
static int
append_text(Joined *joined, const Form *form, PyObject *prefix, PyObject *text)
{
    Py_ssize_t length;
    const char *start = PyUnicode_AsUTF8AndSize(text, &length);
    return start && (!(length || form->with_empty) || append_pair(joined, form, prefix, start, length));
}

static int
is_usual(const Form *form, const char *text, Py_ssize_t length)
{
    unsigned odd = 0;
    for (Py_ssize_t i = 0; i < length; i++)
        odd |= (unsigned char)(text[i] - ' ') > '~' - ' ';
    for (Py_ssize_t i = 0; !odd && i < form->special_length; i++)
        odd = memchr(text, form->special[i], (size_t)length) != NULL;
    return !odd && text[0] != ' ' && text[length - 1] != ' ';
}

/* Where a text is copied as it is, or the only one of a list; NULL where it is not, with an error where Python has raised one. */
static const char *
usual(const Form *form, PyObject *value, PyObject *most, Py_ssize_t *length)
{
    PyObject *text = PyTuple_Check(value) && PyTuple_Size(value) == 1 ? PyTuple_GetItem(value, 0) : value;
    Py_ssize_t longest = PyLong_AsSsize_t(most);
    if ((longest == -1 && PyErr_Occurred()) || !PyUnicode_Check(text))
        return NULL;
    const char *start = PyUnicode_AsUTF8AndSize(text, length);
    if (!start) { /* a lone surrogate, which `write` knows what to do with */
        if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
            PyErr_Clear();
        return NULL;
    }
    return *length && (longest <= 0 || *length <= longest) && is_usual(form, start, *length) ? start : NULL;
}

static int
append_value(Joined *joined, const Form *form, PyObject *prefix, PyObject *value, PyObject *most)
{
    int overflow = 1, done;
    if (value == Py_None || (!form->with_empty && PyTuple_Check(value) && !PyTuple_Size(value)))
        return 1;
    if (PyLong_CheckExact(value)) {
        long long number = PyLong_AsLongLongAndOverflow(value, &overflow);
        if (!overflow)
            return append_number(joined, form, prefix, number);
    }
    Py_ssize_t length;
    const char *start = usual(form, value, most, &length);
    if (start)
        return append_pair(joined, form, prefix, start, length);
    if (PyErr_Occurred())
        return 0;
    PyObject *text = PyLong_Check(value) ? PyObject_Str(value) : PyObject_CallFunctionObjArgs(form->write, value, most, NULL);
    done = text && append_text(joined, form, prefix, text);
    Py_XDECREF(text);
    return done;
}

static int
append_all(Joined *joined, const Form *form, PyObject *keys, PyObject *item)
{
    for (Py_ssize_t i = 0; i < PyTuple_Size(keys); i++) {
        PyObject *key = PyTuple_GetItem(keys, i);
        if (!PyTuple_Check(key) || PyTuple_Size(key) != 3) {
            PyErr_SetString(PyExc_TypeError, "a key is a prefix, a field or what makes its value, and how long that may be");
            return 0;
        }
        PyObject *get = PyTuple_GetItem(key, 1);
        PyObject *value = PyUnicode_Check(get) ? PyObject_GetAttr(item, get) : PyObject_CallFunctionObjArgs(get, item, NULL);
        int done = value && append_value(joined, form, PyTuple_GetItem(key, 0), value, PyTuple_GetItem(key, 2));
        Py_XDECREF(value);
        if (!done)
            return 0;
    }
    return 1;
}

/* joined(keys, item, separator, special, write, with_empty) */
static PyObject *
joined(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    PyObject *keys, *item, *text = NULL;
    Form form;
    Joined joined;
    if (!PyArg_ParseTuple(arguments, "O!Os#s#Op", &PyTuple_Type, &keys, &item, &form.separator, &form.separator_length, &form.special,
                          &form.special_length, &form.write, &form.with_empty))
        return NULL;
    joined.bytes = joined.own;
    joined.used = joined.kept = 0;
    joined.room = sizeof joined.own;
    if (append_all(&joined, &form, keys, item))
        text = PyUnicode_DecodeUTF8(joined.bytes, joined.kept, NULL);
    if (joined.bytes != joined.own)
        PyMem_Free(joined.bytes);
    return text;
}

static PyMethodDef methods[] = {
    {"joined", joined, METH_VARARGS, "The pairs of an item as one text."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "casbd.wire._pairs", .m_methods = methods};

PyMODINIT_FUNC
PyInit__pairs(void)
{
    return PyModuleDef_Init(&module);
}

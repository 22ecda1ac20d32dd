/* Whether texts are as nearly all are: neither blank nor long. What is not sure to be so Python looks at (finished.py). */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* None, or a text that is empty, or one that begins with a letter of ASCII and is not too long. */
static int
is_usual(PyObject *text, Py_ssize_t longest)
{
    if (text == Py_None)
        return 1;
    if (Py_TYPE(text) != &PyUnicode_Type)
        return 0;
    Py_ssize_t length = PyUnicode_GetLength(text);
    if (length <= 0)
        return length == 0;
    Py_UCS4 first = PyUnicode_ReadChar(text, 0);
    return first > ' ' && first < 0x7f && length <= longest;
}

/* 1 where the values at all these places are usual, 0 where one is not, -1 where Python has raised. places: a byte each. */
static int
are_usual(PyObject *values, PyObject *places, Py_ssize_t longest)
{
    char *at;
    Py_ssize_t number;
    int usual = 1;
    if (PyBytes_AsStringAndSize(places, &at, &number))
        return -1;
    for (Py_ssize_t i = 0; usual == 1 && i < number; i++) {
        PyObject *text = PyTuple_GetItem(values, (unsigned char)at[i]);
        usual = text ? is_usual(text, longest) : -1;
    }
    return usual;
}

/* The same of some fields of an object, of any length. */
static int
has_usual(PyObject *object, PyObject *fields)
{
    int usual = 1;
    for (Py_ssize_t i = 0; usual == 1 && i < PyTuple_Size(fields); i++) {
        PyObject *text = PyObject_GetAttr(object, PyTuple_GetItem(fields, i));
        if (!text)
            return -1;
        usual = is_usual(text, PY_SSIZE_T_MAX);
        Py_DECREF(text);
    }
    return usual;
}

/* usual(values, places, longest, objects, fields_of_objects) */
static PyObject *
usual(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t number)
{
    if (number != 5 || !PyTuple_Check(arguments[0]) || !PyBytes_Check(arguments[1]) || !PyTuple_Check(arguments[3]) ||
        !PyTuple_Check(arguments[4])) {
        PyErr_SetString(PyExc_TypeError, "usual(values, places, longest, objects, fields_of_objects)");
        return NULL;
    }
    Py_ssize_t longest = PyLong_AsSsize_t(arguments[2]);
    if (longest == -1 && PyErr_Occurred())
        return NULL;
    int answer = are_usual(arguments[0], arguments[1], longest);
    for (Py_ssize_t i = 0; answer == 1 && i < PyTuple_Size(arguments[3]); i++)
        answer = has_usual(PyTuple_GetItem(arguments[3], i), arguments[4]);
    return answer < 0 ? NULL : PyBool_FromLong(answer);
}

static PyMethodDef methods[] = {
    {"usual", (PyCFunction)(void (*)(void))usual, METH_FASTCALL, "Whether no text at some places is blank or long, and none of the objects is blank."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "casbd.records._usual", .m_methods = methods};

PyMODINIT_FUNC
PyInit__usual(void)
{
    return PyModuleDef_Init(&module);
}

/* Whether texts are as nearly all are: neither blank nor long. What is not sure to be so Python looks at (finished.py). */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

/* None, or a text that is empty, or one that begins with a letter of ASCII and is not too long. */
static int
is_usual(PyObject *text, Py_ssize_t longest)
{
    if (text == Py_None)
        return 1;
    if (!PyUnicode_Check(text))
        return 0;
    Py_ssize_t length = PyUnicode_GetLength(text);
    if (length <= 0)
        return length == 0;
    Py_UCS4 first = PyUnicode_ReadChar(text, 0);
    return first > ' ' && first < 0x7f && length <= longest;
}

/* 1 where all these fields are usual, 0 where one is not, -1 where Python has raised. */
static int
are_usual(PyObject *owner, PyObject *fields, Py_ssize_t longest)
{
    Py_ssize_t number = PyTuple_Size(fields);
    int usual = number < 0 ? -1 : 1;
    for (Py_ssize_t i = 0; usual == 1 && i < number; i++) {
        PyObject *text = PyObject_GetAttr(owner, PyTuple_GetItem(fields, i));
        if (!text)
            return -1;
        usual = is_usual(text, longest);
        Py_DECREF(text);
    }
    return usual;
}

/* usual(activity, fields, objects, fields_of_objects, longest) */
static PyObject *
usual(PyObject *Py_UNUSED(module), PyObject *const *arguments, Py_ssize_t number)
{
    if (number != 5 || !PyTuple_Check(arguments[1]) || !PyTuple_Check(arguments[2]) || !PyTuple_Check(arguments[3])) {
        PyErr_SetString(PyExc_TypeError, "usual(activity, fields, objects, fields_of_objects, longest)");
        return NULL;
    }
    Py_ssize_t longest = PyLong_AsSsize_t(arguments[4]);
    if (longest == -1 && PyErr_Occurred())
        return NULL;
    int answer = are_usual(arguments[0], arguments[1], longest);
    for (Py_ssize_t i = 0; answer == 1 && i < PyTuple_Size(arguments[2]); i++)
        answer = are_usual(PyTuple_GetItem(arguments[2], i), arguments[3], PY_SSIZE_T_MAX);
    return answer < 0 ? NULL : PyBool_FromLong(answer);
}

static PyMethodDef methods[] = {
    {"usual", (PyCFunction)(void (*)(void))usual, METH_FASTCALL, "Whether no text of an activity and its objects is blank or long."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "casbd.records._usual", .m_methods = methods};

PyMODINIT_FUNC
PyInit__usual(void)
{
    return PyModuleDef_Init(&module);
}

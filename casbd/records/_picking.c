/* Picks some fields out of the JSON text of a record, in one pass; which fields, and what becomes of them, Python says (picking.py).

It answers for records that are as nearly all are, and for no others: where anything is odd it says None, and whoever asked
reads the record in another way. So whatever is accepted here must be JSON, and mean what any JSON reader takes it for.
It never reads outside of the bytes that it was given, keeps nothing of them, and goes no deeper than DEEPEST. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "_picked.h"

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
    Text text = {start, start + length};
    if (!pick(picker, &text, tokens))
        Py_RETURN_NONE;
    return made(picker, tokens);
}

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

/* Texts one behind the other, each behind its length (4 bytes, the lowest first): what Parquet calls PLAIN.
 *
 * https://parquet.apache.org/docs/file-format/data-pages/encodings/
 */
static inline int read_plain(Input *input, const uint8_t **text, size_t *length) {
    if (!has(input, 4))
        return 0;
    *length = (size_t)input->at[0] | (size_t)input->at[1] << 8 | (size_t)input->at[2] << 16 | (size_t)input->at[3] << 24;
    if ((size_t)(input->end - input->at) - 4 < *length)
        return 0;
    *text = input->at + 4;
    input->at += 4 + *length;
    return 1;
}

PyDoc_STRVAR(append_texts_doc, "append_texts(texts, buffer, used)\n--\n\n"
                               "Put texts behind the first `used` bytes of a buffer, which grows; where they end. What is behind is undefined.");

static PyObject *append_texts(PyObject *module, PyObject *arguments) {
    PyObject *texts, *buffer;
    Py_ssize_t used, length;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "O!O!n", &PyList_Type, &texts, &PyByteArray_Type, &buffer, &used))
        return NULL;
    Py_ssize_t number = PyList_Size(texts), needed = used, room = PyByteArray_Size(buffer);
    if (used < 0 || used > room)
        return PyErr_Format(PyExc_ValueError, "it has no %zd bytes", used);
    for (Py_ssize_t one = 0; one < number; one++) {
        if (PyUnicode_AsUTF8AndSize(PyList_GetItem(texts, one), &length) == NULL)
            return NULL;
        if (length > INT32_MAX || needed > PY_SSIZE_T_MAX / 2 - 4 - length)
            return PyErr_NoMemory();
        needed += 4 + length;
    }
    if (needed > room && PyByteArray_Resize(buffer, 2 * needed) < 0)
        return NULL;
    uint8_t *at = (uint8_t *)PyByteArray_AsString(buffer) + used;
    for (Py_ssize_t one = 0; one < number; one++) {
        const char *text = PyUnicode_AsUTF8AndSize(PyList_GetItem(texts, one), &length);
        for (int byte = 0; byte < 4; byte++)
            *at++ = (uint8_t)(length >> 8 * byte);
        memcpy(at, text, (size_t)length);
        at += length;
    }
    return PyLong_FromSsize_t(needed);
}

PyDoc_STRVAR(texts_doc, "texts(plain, number)\n--\n\nSo many texts; None where there are others. UnicodeDecodeError where one is none.");

static PyObject *texts(PyObject *module, PyObject *arguments) {
    const char *plain;
    const uint8_t *text;
    Py_ssize_t size, number;
    size_t length;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "y#n", &plain, &size, &number))
        return NULL;
    if (number < 0 || number > size / 4)
        Py_RETURN_NONE;
    Input input = {(const uint8_t *)plain, (const uint8_t *)plain + size};
    PyObject *list = PyList_New(0);
    for (; list != NULL && number; number--) {
        if (!read_plain(&input, &text, &length))
            break;
        PyObject *one = PyUnicode_DecodeUTF8((const char *)text, (Py_ssize_t)length, NULL);
        if (one == NULL || PyList_Append(list, one) < 0)
            Py_CLEAR(list);
        Py_XDECREF(one);
    }
    if (list != NULL && (number || input.at != input.end)) {
        Py_DECREF(list);
        Py_RETURN_NONE;
    }
    return list;
}

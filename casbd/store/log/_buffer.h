/* Bytes that grow, and are Python's in the end. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum answer { GOOD, ODD, NO_MEMORY };

/* What grows is what Python gets in the end: to copy a megabyte into memory never touched before takes as long as all of the reading. */
typedef struct {
    PyObject *array;
    uint8_t *bytes;
    size_t used, room, first; /* first: room to begin with */
} Buffer;

static inline enum answer make_room(Buffer *buffer, size_t more) {
    if (buffer->room - buffer->used >= more)
        return GOOD;
    size_t room = buffer->room ? buffer->room : buffer->first;
    while (room - buffer->used < more) {
        if (room > PY_SSIZE_T_MAX / 2)
            return NO_MEMORY;
        room *= 2;
    }
    if (buffer->array == NULL)
        buffer->array = PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)room);
    else if (PyByteArray_Resize(buffer->array, (Py_ssize_t)room) < 0)
        return NO_MEMORY;
    if (buffer->array == NULL)
        return NO_MEMORY;
    buffer->bytes = (uint8_t *)PyByteArray_AsString(buffer->array);
    buffer->room = room;
    return GOOD;
}

static inline enum answer append(Buffer *buffer, const void *bytes, size_t size) {
    enum answer answer = make_room(buffer, size);
    if (answer == GOOD && size) {
        memcpy(buffer->bytes + buffer->used, bytes, size);
        buffer->used += size;
    }
    return answer;
}

/* What a buffer has, without the room for more; it is the buffer's no longer. */
static inline PyObject *taken(Buffer *buffer) {
    PyObject *array = buffer->array;
    if (array == NULL)
        return PyByteArray_FromStringAndSize(NULL, 0);
    buffer->array = NULL;
    if (PyByteArray_Resize(array, (Py_ssize_t)buffer->used) < 0)
        Py_CLEAR(array);
    return array;
}

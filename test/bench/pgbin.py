"""Tables of fixed-width columns over COPY BINARY, as NumPy arrays.

COPY BINARY writes each row as an int16 field count and, per field, an int32
length and the bytes in network order.  Without NULLs every row of int8 and
float8 columns has one size, so the whole stream is one structured array and
nothing is parsed row by row.  This is the fastest way from a table to NumPy
that psycopg2 offers: the server's COPY takes most of the time.
"""
import io

import numpy as np

SIGNATURE = b"PGCOPY\n\377\r\n\0"
HEADER_BYTES = len(SIGNATURE) + 4 + 4
TRAILER_BYTES = 2


def record(columns):
    """The dtype of a row; columns is a list of (name, '>i8' or '>f8')."""
    fields = [("fields", ">i2")]
    for name, kind in columns:
        fields += [("length of " + name, ">i4"), (name, kind)]
    return np.dtype(fields)


def copy_out(cursor, source):
    """The stream of COPY source TO STDOUT."""
    stream = io.BytesIO()
    cursor.copy_expert("COPY %s TO STDOUT (FORMAT binary)" % source, stream,
                       size=1 << 20)
    return stream


def parse(stream, columns):
    """The columns of a stream as native arrays."""
    row = record(columns)
    data = stream.getbuffer()
    if bytes(data[:len(SIGNATURE)]) != SIGNATURE:
        raise ValueError("not a COPY BINARY stream")
    if (len(data) - HEADER_BYTES - TRAILER_BYTES) % row.itemsize != 0:
        raise ValueError("rows are not all of one size: a NULL or another type")
    rows = np.frombuffer(data[HEADER_BYTES:-TRAILER_BYTES], dtype=row)
    return [rows[name].astype(kind.replace(">", "=")) for name, kind in columns]


def copy_in(cursor, target, columns, arrays):
    """Arrays back into a table."""
    rows = np.empty(len(arrays[0]), dtype=record(columns))
    rows["fields"] = len(columns)
    for (name, kind), array in zip(columns, arrays):
        rows["length of " + name] = np.dtype(kind).itemsize
        rows[name] = array
    header = SIGNATURE + bytes(HEADER_BYTES - len(SIGNATURE))
    stream = io.BytesIO(header + rows.tobytes() + b"\377\377")
    cursor.copy_expert("COPY %s FROM STDIN (FORMAT binary)" % target, stream,
                       size=1 << 20)

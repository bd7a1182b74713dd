"""Writes what the C library answers for float32 numbers, for test/explain/formats/float32-math.test.ts: with glibc 2.36 on x86-64

    python test/explain/formats/golden/make-libm.py > test/explain/formats/golden/libm.json

Of each function pairs of x and f(x), little-endian float32 in base64: all of a walk through the floats at which the C library
does not answer the nearest float, as the double function rounds to it, and as many others.
"""

import base64
import ctypes
import json
import math
import struct

libm = ctypes.CDLL("libm.so.6")


def float_of(bits):
    return struct.unpack("<f", struct.pack("<I", bits))[0]


def pairs(name, exact, first, last, step):
    function = getattr(libm, name)
    function.restype, function.argtypes = ctypes.c_float, [ctypes.c_float]
    off, plain = [], []
    for bits in range(first, last, step):
        x = float_of(bits)
        y = function(x)
        (off if y != struct.unpack("<f", struct.pack("<f", exact(x)))[0] else plain).append((x, y))
    chosen = off + plain[:: len(plain) // len(off)]
    return base64.b64encode(b"".join(struct.pack("<ff", *pair) for pair in chosen)).decode()


# Logarithms of odds near 1 are off most often; exponentials of -80 to 80.
answers = {
    "logf": pairs("logf", math.log, 0x00800000, 0x7F800000, 4999),
    "expf": pairs("expf", math.exp, 0x33000000, 0x42A00000, 1499),
    "expf of less than 0": pairs("expf", math.exp, 0xB3000000, 0xC2A00000, 1499),
}
print(json.dumps(answers, indent=0))

#!/usr/bin/env python3
"""Weights of Mien through Python and back, with nothing changed on the way.

  ci/weights_roundtrip.py IN.safetensors OUT.safetensors

Reads IN with NumPy alone, and with `safetensors` where it is installed; both must agree. Writes OUT
the way the other half of each would: NumPy alone, or `safetensors`. tests/models/weights_test.cpp
runs it. Exit code: 0 done, 77 no NumPy here, anything else a failure.
"""
import json
import sys

try:
    import numpy as np
except ImportError:
    print("no NumPy in", sys.executable)
    sys.exit(77)

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "|u1", "BOOL": "|b1"}


def load(path):
    """{name: array} of a .safetensors file; no bfloat16, which NumPy lacks."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        data = file.read()
    header.pop("__metadata__", None)
    return {name: np.frombuffer(data[slice(*t["data_offsets"])], DTYPES[t["dtype"]]).reshape(t["shape"])
            for name, t in header.items()}


def save(path, tensors):
    header, at = {}, 0
    names = {np.dtype(short): long for long, short in DTYPES.items()}
    for name, array in tensors.items():
        header[name] = {"dtype": names[array.dtype], "shape": array.shape,
                        "data_offsets": [at, at + array.nbytes]}
        at += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for array in tensors.values():
            file.write(np.ascontiguousarray(array).tobytes())


def main():
    source, target = sys.argv[1:]
    tensors = load(source)
    try:
        from safetensors.numpy import load_file, save_file
    except ImportError:
        save(target, tensors)
        print(f"{len(tensors)} tensors, NumPy alone")
        return
    theirs = load_file(source)
    assert theirs.keys() == tensors.keys()
    for name, array in tensors.items():
        assert array.shape == theirs[name].shape and array.tobytes() == theirs[name].tobytes(), name
    save(target, tensors)
    assert load_file(target).keys() == tensors.keys()
    save_file(theirs, target)
    print(f"{len(tensors)} tensors, NumPy and safetensors")


if __name__ == "__main__":
    main()

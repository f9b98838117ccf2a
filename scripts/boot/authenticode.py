# SPDX-License-Identifier: Apache-2.0
"""Authenticode digest of a PE image: what firmware extends into PCR 4 when it starts the image.

Left out of the digest are the CheckSum field, the certificate table's directory entry and the
certificate table itself (Windows Authenticode Portable Executable Signature Format 1.0).
"""

import hashlib
import struct
import sys

PE32, PE32_PLUS = 0x10B, 0x20B
CERTIFICATE_TABLE = 4


def is_pe(data):
    """True for an image with both the MZ and the PE header."""
    if len(data) < 0x40 or data[:2] != b"MZ":
        return False
    (pe,) = struct.unpack_from("<I", data, 0x3C)
    return data[pe:pe + 4] == b"PE\0\0"


def section_ranges(data, first_header, n_sections):
    """(offset, size) of each section with raw data, in file order."""
    ranges = []
    for i in range(n_sections):
        size, offset = struct.unpack_from("<II", data, first_header + 40 * i + 16)
        if size:
            ranges.append((offset, size))
    return sorted(ranges)


def authenticode(data, algorithm="sha256"):
    """Hex Authenticode digest of the image in data; ValueError when it is not a PE image."""
    if not is_pe(data):
        raise ValueError("not a PE image")
    (pe,) = struct.unpack_from("<I", data, 0x3C)
    n_sections, optional_size = struct.unpack_from("<2xH12xH", data, pe + 4)
    optional = pe + 24
    (magic,) = struct.unpack_from("<H", data, optional)
    if magic not in (PE32, PE32_PLUS):
        raise ValueError("unknown PE optional header")
    directories = optional + (96 if magic == PE32 else 112)
    (n_directories,) = struct.unpack_from("<I", data, directories - 4)
    (headers_size,) = struct.unpack_from("<I", data, optional + 60)
    checksum = optional + 64

    digest = hashlib.new(algorithm, data[:checksum])
    certificate_size = 0
    if n_directories > CERTIFICATE_TABLE:
        entry = directories + 8 * CERTIFICATE_TABLE
        _, certificate_size = struct.unpack_from("<II", data, entry)
        digest.update(data[checksum + 4:entry])
        digest.update(data[entry + 8:headers_size])
    else:
        digest.update(data[checksum + 4:headers_size])

    hashed = headers_size
    for offset, size in section_ranges(data, optional + optional_size, n_sections):
        if offset + size > len(data):
            raise ValueError("section beyond the end of the file")
        digest.update(data[offset:offset + size])
        hashed += size
    digest.update(data[hashed:len(data) - certificate_size])
    return digest.hexdigest()


def main():
    for path in sys.argv[1:]:
        with open(path, "rb") as file:
            print(authenticode(file.read()), path)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""descriptors.py PROTO - prints, for src/ingest/reflection.c, the descriptors of all .proto files below the folder
PROTO: their bytes, which names each declares, and the services of all. Needs protoc and Python's google.protobuf.

json_name is written as every protoc should have it, so that all give the same."""
import pathlib
import re
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2


def set_json_names(messages):
    for message in messages:
        for field in message.field:
            field.json_name = re.sub("_+(.?)", lambda match: match[1].upper(), field.name)
        set_json_names(message.nested_type)


def names_of_messages(scope, messages):
    for message in messages:
        name = f"{scope}.{message.name}"
        yield name
        yield from names_of_messages(name, message.nested_type)


def names_of_enums(scope, enums):
    for enum in enums:
        yield f"{scope}.{enum.name}"
        yield from (f"{scope}.{value.name}" for value in enum.value)  # a value stands beside its enum, as in C++


def other_names(scope, messages):
    for message in messages:
        name = f"{scope}.{message.name}"
        synthetic = {field.oneof_index for field in message.field if field.proto3_optional}  # nobody wrote these
        yield from (f"{name}.{field.name}" for field in message.field)
        yield from (f"{name}.{oneof.name}" for i, oneof in enumerate(message.oneof_decl) if i not in synthetic)
        yield from names_of_enums(name, message.enum_type)
        yield from other_names(name, message.nested_type)


def names_of_services(scope, services):
    for service in services:
        yield f"{scope}.{service.name}"
        yield from (f"{scope}.{service.name}.{method.name}" for method in service.method)


def descriptors(folder):
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.proto"))
    with tempfile.NamedTemporaryFile() as out:
        subprocess.run(["protoc", "-I", folder, f"--descriptor_set_out={out.name}", *files], check=True)
        found = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out.name).read_bytes())
    for file in sorted(found.file, key=lambda file: file.name):
        if file.dependency or file.extension or any(message.extension for message in file.message_type):
            sys.exit(f"{file.name} imports a file or has an extension: src/ingest/reflection.c answers for neither")
        set_json_names(file.message_type)
        yield file


def rows(items, width):
    line = ""
    for item in items:
        if len(line) + len(item) > width:
            yield line
            line = ""
        line += item
    yield line


def main():
    files = list(descriptors(pathlib.Path(sys.argv[1])))
    print("/* Derived from proto/ by tools/descriptors.py: `make derive` writes it anew. */")
    table, services = [], []
    for i, file in enumerate(files):
        messages = list(names_of_messages(file.package, file.message_type))
        others = list(other_names(file.package, file.message_type)) + list(names_of_enums(file.package, file.enum_type))
        names = messages + others + list(names_of_services(file.package, file.service))
        print(f"\n/* {file.name} */\nstatic const uint8_t bytes_{i}[] = {{")
        print("\n".join(rows((f"{byte}," for byte in file.SerializeToString(deterministic=True)), 118)), "};")
        print(f"static const char *const names_{i}[] = {{")
        print("\n".join(f'"{name}",' for name in names), "\n};")
        table.append(f'{{"{file.name}", bytes_{i}, sizeof bytes_{i}, names_{i}, {len(names)}, {len(messages)}}},')
        services += [f'"{file.package}.{service.name}",' for service in file.service]
    print("\nstatic const struct descriptor descriptors[] = {", *table, "};", sep="\n")
    print("\nstatic const char *const services[] = {", *services, "};", sep="\n")


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-2.0-only OR MIT
"""Compile Rust with the flags of the kernel's build, as that wrote them down.

Usage: compile.py BUILD CRATE SOURCE OUT [--clippy KERNEL-SOURCE] [FLAG...]
       compile.py BUILD --part NUMBER MISUSE.rs OUT
       compile.py --parts MISUSE.rs
       compile.py --examples SOURCE... OUT
       compile.py --page PAGE.rst OUT.rs

BUILD is a folder such as build/uml-lockdep in which modules were built, CRATE
the name of what it made of a crate, without the folder. Metadata alone is made,
in OUT, so that nothing is written where the build would find it.

--part compiles one part of MISUSE.rs and fails unless it is accepted or refused
as it says; --parts lists them. --examples writes the examples of the crate's
documentation to OUT, one module each, and fails if a public item has none;
--page puts all literal blocks of a page together, which make one module.
"""

import os
import re
import shlex
import subprocess
import sys

PART = re.compile(r"^// (Accepted|Refused): (.*)$", re.M)
ASSIGNMENT = re.compile(r"^[A-Z_]+=")
MODULE = "gpuvm_rust_main.o"
# Fewer would mean that they are not found any more.
LEAST_ITEMS = 100


def command(build, crate):
    """Environment and flags of one of the build's commands."""
    for folder, _, files in os.walk(f"{build}/bindings"):
        if f".{crate}.cmd" in files:
            with open(f"{folder}/.{crate}.cmd", encoding="ascii") as file:
                words = shlex.split(file.readline().split(":=", 1)[1])
            break
    else:
        sys.exit(f"compile.py: {build} has no {crate}: build the modules before")
    env = dict(os.environ, RUSTC_BOOTSTRAP="1")
    while ASSIGNMENT.match(words[0]):
        name, value = words.pop(0).split("=", 1)
        env[name] = value
    if not words[0].endswith(("rustc", "clippy-driver")):
        sys.exit(f"compile.py: this is not how {crate} is compiled: {words[0]}")
    flags, skip = [], False
    for word in words[1:]:
        if not skip and not word.startswith("--emit=") and not word.endswith(".rs") \
           and word != "--out-dir":
            flags.append(word)
        skip = word == "--out-dir"
    return env, flags


def compile_as(build, crate, source, out, program="rustc", more=(), env_more=None):
    env, flags = command(build, crate)
    env.update(env_more or {})
    return subprocess.run(
        [program, *flags, *more, "--emit=metadata", "--out-dir", os.path.abspath(out),
         os.path.relpath(source, build)],
        check=False, cwd=build, env=env, stderr=subprocess.PIPE, text=True,
    )


def parts(path):
    """What stands above the first part, and (verdict, line, text) of each."""
    with open(path, encoding="ascii") as file:
        text = file.read()
    found = list(PART.finditer(text))
    ends = [m.start() for m in found[1:]] + [len(text)]
    return text[:found[0].start()], [
        (m[1], m[2], text[m.start():end]) for m, end in zip(found, ends)
    ]


def part(build, number, path, out):
    """Whether the compiler says of a part what the part says of itself."""
    head, all_parts = parts(path)
    verdict, line, text = all_parts[number]
    source = f"{out}/part{number}.rs"
    with open(source, "w", encoding="ascii") as file:
        file.write(head + text)
    done = compile_as(build, MODULE, source, out, more=["-Amissing_docs", "-Awarnings"])
    print(done.stderr, end="")
    errors = re.findall(r"^error(?:\[(E\d+)\])?: (.*)$", done.stderr, re.M)
    errors = [e for e in errors if not e[1].startswith(("aborting due", "could not compile"))]
    if verdict == "Accepted":
        return not errors and done.returncode == 0
    why = line.split(":")[0]
    return done.returncode != 0 and bool(errors) and \
        all(code == why or why in message for code, message in errors)


ITEM = re.compile(r"^\s*pub (?:unsafe )?(?:const )?(fn|struct|enum|trait) (\w+)|^    fn (\w+)")
TRAIT = re.compile(r"^(?:pub )?(?:unsafe )?(trait|impl|struct|enum|mod)\b.*\{$")


def documented(source):
    """(item, its documentation) of whatever a source makes public.

    Public are items that say so, and the functions of a public trait. What is
    hidden in a private module is named pub all the same; it stands indented.
    """
    docs, trait = [], False
    with open(source, encoding="utf-8") as file:
        for line in file.read().splitlines():
            text = line.strip()
            if text.startswith(("//!", "///")):
                docs.append(text[4:])
                continue
            if text.startswith("#["):
                continue
            if TRAIT.match(line):
                trait = line.startswith("pub trait")
            item = ITEM.match(line)
            inside = line.startswith("    ") and item and item[1] not in ("fn", None)
            if item and not inside and (item[2] or trait):
                yield item[2] or item[3], docs
            elif docs and not text:
                # The documentation of the file.
                yield None, docs
            docs = []


def code_of(docs):
    """The examples in a piece of documentation; hidden lines are part of them."""
    block = None
    for line in docs:
        if line.startswith("```"):
            if block is not None:
                yield block
            block = [] if block is None else None
        elif block is not None:
            block.append(line[2:] if line.startswith("# ") else line)


def examples(sources, out):
    """Write all examples, each as a module, to one file that makes a crate."""
    missing, items, count = [], 0, 0
    with open(out, "w", encoding="utf-8") as file:
        for source in sources:
            for item, docs in documented(source):
                found = list(code_of(docs))
                items += item is not None
                if item and not found:
                    missing.append(f"{source}: {item} has no example")
                for block in found:
                    file.write(f"mod example{count} {{\n")
                    file.writelines(f"    {line}\n" if line else "\n" for line in block)
                    file.write("}\n")
                    count += 1
    for line in missing:
        print(line)
    print(f"{count} examples of {items} items")
    return not missing and items > LEAST_ITEMS


def page(path, out):
    """The literal blocks of a page, one after the other."""
    block, opens = False, False
    with open(path, encoding="utf-8") as file, open(out, "w", encoding="utf-8") as to:
        for line in file:
            if line.strip() and not line.startswith("\t"):
                block, opens = False, line.rstrip().endswith("::")
            elif opens and line.startswith("\t"):
                block = True
            if block:
                to.write(line[1:] if line.startswith("\t") else line)


def main():
    arguments = sys.argv[1:]
    if arguments[0] == "--parts":
        for verdict, line, _ in parts(arguments[1])[1]:
            print(verdict.lower() + ":", line.split(": ", 1)[-1])
        return
    if arguments[0] == "--examples":
        sys.exit(not examples(arguments[1:-1], arguments[-1]))
    if arguments[0] == "--page":
        page(*arguments[1:])
        return
    build = arguments.pop(0)
    if arguments[0] == "--part":
        sys.exit(0 if part(build, int(arguments[1]), arguments[2], arguments[3]) else 1)
    crate, source, out = arguments[:3]
    more, program, env = arguments[3:], "rustc", {}
    if more[:1] == ["--clippy"]:
        program, env, more = "clippy-driver", {"CLIPPY_CONF_DIR": more[1]}, more[2:]
    done = compile_as(build, crate, source, out, program, more, env)
    print(done.stderr, end="")
    sys.exit(done.returncode)


main()

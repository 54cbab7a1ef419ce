"""Why and what to try, by code: for messages that say nothing more particular."""

from __future__ import annotations

_REPORT = "report it with the file and the output of --trace"

# code -> (because, try)
ADVICE: dict[str, tuple[str, str]] = {
    "XP1001": ("there is nothing to read", "the file that holds the kernel"),
    "XP1002": ("a kernel is a function with the platform's mark", "mark the kernel, or --from for another language"),
    "XP1003": ("the text is read as C++17 with the words of its platform", "correct the line"),
    "XP1004": ("nothing that can be read says what it does", "write its body into the file, or use an intrinsic"),
    "XP1005": ("a kernel is read as loops, choices and assignments", "say it with plain variables, arrays and loops"),
    "XP1006": ("a kernel runs on a grid of a known shape", "--grid and --block, or --tasks"),
    "XP1007": ("the buffer of every access must be known when the text is read", "an access in each branch"),
    "XP1008": ("device functions are read in place of their calls", "a loop"),
    "XP1009": ("host code is read as allocations, copies, launches and the sizes they take",
               "move it into a kernel, or out of the function that launches"),
    "XP1010": ("on some machines it is part of the instruction", "a literal, a constexpr or a template argument"),
    "XP1011": ("how a type lies in memory differs between machines",
               "the platform's function for the bits of a value, or an array of that type"),
    "XP1013": ("every file is read behind that header", "an unchanged installation of xpiler"),
    "XP1020": ("it cannot be read as text", "another path"),
    "XP1021": ("a file is read within limits of time, memory and depth", "a smaller or flatter text"),
    "XP2001": ("each platform has its own axes", "the option of the file's platform: xpiler platforms"),
    "XP2002": ("every parameter of an entry needs a value", "a number for a scalar, an array for a buffer"),
    "XP2010": ("none of the sizes that were tried ran cleanly", "--let with the sizes the kernel is made for"),
    "XP2011": ("nothing in the file says it", "--size NAME=ELEMENTS"),
    "XP2012": ("the scalars given make it empty", "--let with larger values"),
    "XP2013": ("a file without host code may have many kernels", "--kernel with the name of one"),
    "XP2020": ("it loops for ever, or the sizes are large", "--timeout, or smaller sizes with --let"),
    "XP2021": ("the sizes are large", "smaller sizes with --let"),
    "XP2022": ("it left by itself, or by a signal that no rule explains", "look at what the program does at its end"),
    "XP2101": ("the array ends before that", "a guard such as `if (i < n)`, a larger array, or another launch"),
    "XP2102": ("the array is declared smaller than that", "a larger array, or an index inside it"),
    "XP2103": ("no array of the program is there", "look where the pointer comes from"),
    "XP2104": ("the bytes behind its last element changed", "a guard such as `if (i < n)`, or a larger array"),
    "XP2105": ("what it holds is not known on a device", "write it first, by a copy, a fill or a store"),
    "XP2106": ("threads of a block run in any order", "a barrier between the two, or an atomic operation"),
    "XP2107": ("blocks and tasks run in any order", "places of its own for each, an atomic operation, or two launches"),
    "XP2108": ("an asynchronous copy has moved nothing for certain before it is waited for", "wait for it first"),
    "XP2109": ("a device refuses vector accesses that are not aligned to their size",
               "an aligned address, or element by element"),
    "XP2110": ("a barrier must be met by every thread of its block",
               "move it out of the branch, the loop or the return"),
    "XP2111": ("only the lanes of its mask take part in an exchange", "a mask that has every lane that gets there"),
    "XP2120": ("the platform's manual requires it", "other operands; the manual of the instruction has its rules"),
    "XP2121": ("the platform does not start such a launch", "another grid or block"),
    "XP2122": ("the arrays of one kernel lie in it together",
               "smaller tiles, or arrays that are used one after the other"),
    "XP2130": ("host and device memory are apart, and each is allocated once and freed once",
               "the pointer, the size and the direction that the copy means"),
    "XP2140": ("it has no result", "a guard for a divisor of zero"),
    "XP2141": ("the instruction belongs to another CPU, or is a trap",
               "a CPU that has it, or intrinsics instead of it"),
    "XP2142": ("the index does not fit its type, and wraps on a device", "an index of 64 bits"),
    "XP2143": ("the number does not fit the integer type, and every machine gives another value",
               "clamp it before the conversion"),
    "XP2144": ("the operand's bytes are read as unsigned", "an unsigned operand, or an offset that makes it one"),
    "XP2150": ("the entry promises with `const` to leave it alone", "drop the `const`, or write elsewhere"),
    "XP2160": ("kernels run without files, processes and network", "leave it out"),
    "XP2165": ("it called `abort`, or an `assert` failed", "look at the condition that failed"),
    "XP2170": ("calls go too deep, or a local array is too large", "smaller local arrays, a loop for a recursion"),
    "XP2190": ("it loops for ever, or the sizes are large", "--timeout, or smaller sizes with --let"),
    "XP2191": ("the sizes are large", "smaller sizes with --let"),
    "XP2199": ("a limit or a mistake of the emulator, not of the program", "a smaller launch"),
    "XP2301": ("a specification is one of the operators, or a file of one's own", "--spec gemm, or --spec mine.py"),
    "XP2302": ("names, order and sizes allow several ways", "--bind ARGUMENT=ARRAY"),
    "XP2304": ("a specification and its file have the same shapes", "--let, or --bind for other arrays"),
    "XP2305": ("a specification gives one array for every output", "run it by itself in Python"),
    "XP3001": ("languages are named as `xpiler platforms` lists them", "--from and --to"),
    "XP3002": ("a translation goes through the sequential program that a kernel means", "a simpler form of this part"),
    "XP3003": ("element types that callers see are not changed", "a target that has the type"),
    "XP3004": ("it is not of the form the option takes", "xpiler COMMAND --help"),
    "XP3005": ("a translation needs a language to go to", "--to"),
    "XP3006": ("codes look like XP1001", "the code at the end of a message, in brackets"),
    "XP3007": ("a pass has its own parameters, and changes only what fits it", "xpiler pass list"),
    "XP3010": ("it is looked at before anything is translated", "another path for -o"),
    "XP3021": ("`report` shows what `--report` or `--json` wrote", "xpiler translate ... --report run.json"),
    "XP3020": ("suites are known by the layout of their folders", "--layout, and the folder of the suite's data"),
    **{f"XP31{n:02}": ("a step of the translation, or a program made by hand, is not well formed", _REPORT)
       for n in range(1, 16)},
    "XP4001": ("kernels run as programs that g++ builds", "install g++ 12 or later"),
    "XP4002": ("the text is compiled as C++17 against the platform's header", "correct the line"),
    "XP4003": ("translating does not need it; annotation with a manual and models do", "pip install 'xpiler[model]'"),
}


def advice(code: str, also: int = 0) -> tuple[str, str]:
    """Because and try for a finding; `also` is the other line it is about."""
    why, try_ = ADVICE.get(code, ("", ""))
    if also:
        why = f"{why}; the other place is line {also}" if why else f"the other place is line {also}"
    return why, try_

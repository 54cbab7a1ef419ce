"""The C++ `main` that hands an entry its arguments."""

from __future__ import annotations

from xpiler.emulate.entry import Entry
from xpiler.fault import Fault
from xpiler.ir.nodes import Buffer
from xpiler.platforms.platform import Platform

DRIVER = "/xp/driver"  # what the compiler calls these lines


def caller(entry: Entry, platform: Platform) -> str:
    """Text that goes behind the user's: the entry called with one slot for each parameter."""
    slots = (
        f"xp::{'BufferSlot' if isinstance(p, Buffer) else 'NumberSlot'}{{s[{i}]}}"
        for i, p in enumerate(entry.params)
    )
    call = f"{entry.name}({', '.join(slots)})"
    if entry.kernel:
        call = f'xp::launch_call({_geometry(entry, platform)}, "{entry.name}", [=] {{ {call}; }})'
    return (
        f'#line 1 "{DRIVER}"\nint main(int argc, char** argv) {{\n'
        f"return xp::drive(argc, argv, [](const xp::Slot* s) {{ {call}; }});\n}}\n"
    )


def _geometry(entry: Entry, platform: Platform) -> str:
    left = dict(entry.extents)

    def three(axis: str, x: int) -> str:
        values = (left.pop(f"{axis}.x", x), left.pop(f"{axis}.y", 1), left.pop(f"{axis}.z", 1))
        return "{" + ",".join(f"{v}u" for v in values) + "}"

    cores = left.pop("core", 1)
    tasks = left.pop("task", left.pop("cluster", 1) * cores)
    grid, block = three("block", tasks), three("thread", 1)
    shared = left.pop("shared", 0)
    if left:
        raise Fault(
            "XP2001", f"`{entry.name}` has no axis `{min(left)}`",
            try_="block.x, thread.x, task, cluster or core",
        )
    return f"xp::Geometry{{{grid},{block},{shared}ul,{max(platform.warp, 1)}u,{cores}u}}"

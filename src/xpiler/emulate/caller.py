"""The C++ `main` that hands an entry its arguments."""

from __future__ import annotations

from xpiler.emulate.entry import Entry
from xpiler.fault import Fault
from xpiler.ir.nodes import Buffer
from xpiler.platforms.platform import Platform

DRIVER = "/xp/driver"  # what the compiler calls these lines


def caller(entry: Entry, platform: Platform, *, many: bool = False) -> str:
    """Text that goes behind the user's: the entry called with one slot for each parameter; with `many` as often as
    there are choices to try."""
    slots = (
        f"xp::{'BufferSlot' if isinstance(p, Buffer) else 'NumberSlot'}{{s[{i}]}}"
        for i, p in enumerate(entry.params)
    )
    call = f"{entry.name}({', '.join(slots)})"
    if entry.kernel:
        call = f'xp::launch_call(xp::given_geometry({max(platform.warp, 1)}u), "{entry.name}", [=] {{ {call}; }})'
    drive = "drive_many" if many else "drive"
    return (
        f'#line 1 "{DRIVER}"\nint main(int argc, char** argv) {{\n'
        f"return xp::{drive}(argc, argv, [](const xp::Slot* s) {{ {call}; }});\n}}\n"
    )


def geometry(entry: Entry) -> tuple[int, ...]:
    """Grid x y z, block x y z, bytes of dynamic shared memory, blocks of a cluster: what a run is given."""
    left = dict(entry.extents)
    cores = left.pop("core", 1)
    tasks = left.pop("task", left.pop("cluster", 1) * cores)
    grid = (left.pop("block.x", tasks), left.pop("block.y", 1), left.pop("block.z", 1))
    block = (left.pop("thread.x", 1), left.pop("thread.y", 1), left.pop("thread.z", 1))
    shared = left.pop("shared", 0)
    if left:
        raise Fault(
            "XP2001", f"`{entry.name}` has no axis `{min(left)}`",
            try_="block.x, thread.x, task, cluster or core",
        )
    return (*grid, *block, shared, cores)

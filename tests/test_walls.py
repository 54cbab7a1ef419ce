"""Who may import whom, and who may do what: the walls of the house, one assert each."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from xpiler import platforms

SOURCE = Path(__file__).parent.parent / "src" / "xpiler"

# What every room may import besides itself: the error a user meets and its advice, and results kept between runs.
EVERYWHERE = {"advice", "fault", "kept"}
# Room -> what its files may import of the project besides these and their own room.
# A dotted name is a file of a room; a bare name is the whole room.
WALLS = {
    "ir": set(),
    "platforms": {"ir"},
    "text": {"ir", "platforms"},
    "emulate": {"ir", "platforms", "text"},
    "facts": {"ir", "platforms"},
    "passes": {"ir", "platforms", "facts"},
    "verify": {"ir", "platforms", "text", "emulate"},
    "repair": {"ir", "platforms", "text", "emulate", "facts", "verify.verdict"},
    "propose": {"ir", "platforms", "text", "facts", "passes"},
    "search": {"ir", "platforms", "passes"},
}
ROOMS = set(WALLS) | {"bench", "commands", "engine", "cli"}

# Where a named power may be used, as patterns over paths below the package.
# Programs of strangers run in the cage of `emulate`; the last two are this program again, watched and in parallel.
PROCESSES = (
    "platforms/toolchain.py", "platforms/*/toolchain.py", "emulate/*.py", "supervised.py", "bench/workers.py")
SOCKETS = ("propose/clients/*.py", "propose/client*.py")
SOLVER = ("verify/*/*.py", "repair/*.py", "facts/*.py")
ENVIRONMENT = ("cli.py",)
PLATFORM_NAMES = ("platforms/*/*.py", "platforms/__init__.py", "bench/*.py")

PROCESS_MODULES = {"subprocess", "multiprocessing", "pty"}
SOCKET_MODULES = {"socket", "ssl", "http", "urllib.request", "requests", "httpx", "aiohttp", "openai"}


@dataclass(frozen=True)
class Import:
    module: str
    line: int
    inside_function: bool


@dataclass(frozen=True)
class Source:
    path: Path
    tree: ast.Module

    @property
    def name(self) -> str:
        return self.path.relative_to(SOURCE).as_posix()

    @property
    def room(self) -> str:
        parts = self.path.relative_to(SOURCE).with_suffix("").parts
        return parts[0]

    def among(self, patterns: tuple[str, ...]) -> bool:
        return any(self.path.relative_to(SOURCE).match(p) for p in patterns)

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        return tuple(self._imports())

    def _imports(self) -> Iterator[Import]:
        functions = [n for n in self.nodes if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        local = {id(n) for f in functions for n in ast.walk(f) if isinstance(n, ast.Import | ast.ImportFrom)}
        for node in self.nodes:
            match node:
                case ast.Import(names=names):
                    for alias in names:
                        yield Import(alias.name, node.lineno, id(node) in local)
                case ast.ImportFrom(module=module, level=level, names=names):
                    assert level == 0, f"{self.name}:{node.lineno}: relative import"
                    for alias in names:
                        yield Import(f"{module}.{alias.name}", node.lineno, id(node) in local)


def read(path: Path) -> Source:
    return Source(path, ast.parse(path.read_text(), str(path)))


@cache
def sources() -> tuple[Source, ...]:
    return tuple(read(p) for p in sorted(SOURCE.rglob("*.py")))


def forbidden_imports(source: Source) -> list[str]:
    """The project imports that cross a wall."""
    allowed = WALLS.get(source.room)
    if allowed is None:
        return []
    found = []
    for i in source.imports:
        parts = i.module.split(".")
        if parts[0] != "xpiler" or len(parts) == 1:
            continue
        room = parts[1]
        if room == source.room or room in EVERYWHERE | allowed:
            continue
        if ".".join(parts[1:3]) in allowed:
            continue
        found.append(f"{source.name}:{i.line}: {source.room} imports {i.module}")
    return found


def misused(source: Source, modules: set[str], allowed: tuple[str, ...]) -> list[str]:
    """Imports of modules that give a power which this file may not have."""
    if source.among(allowed):
        return []
    return [
        f"{source.name}:{i.line}: imports {i.module}"
        for i in source.imports
        if any(i.module == m or i.module.startswith(m + ".") for m in modules)
    ]


def attribute_uses(source: Source, module: str, names: set[str]) -> list[str]:
    return [
        f"{source.name}:{n.lineno}: uses {module}.{n.attr}"
        for n in source.nodes
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)
        and n.value.id == module and n.attr in names
    ]


def named_platforms(source: Source) -> list[str]:
    """String literals with a platform's name in them ("c" is too common a letter to tell).

    The command line may name platforms in its prose, the examples in its help; never as a value.
    """
    if source.among(PLATFORM_NAMES):
        return []
    names = [n for n in platforms.NAMES if len(n) > 1]
    prose = source.name == "cli.py" or source.room == "commands"
    documentation = {
        id(n.body[0].value)
        for n in source.nodes
        if isinstance(n, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and n.body and isinstance(n.body[0], ast.Expr)
    }
    found = []
    for n in source.nodes:
        if isinstance(n, ast.Constant) and isinstance(n.value, str) and id(n) not in documentation:
            words = [n.value] if prose else re.findall(r"[A-Za-z0-9_]+", n.value)
            found += [f"{source.name}:{n.lineno}: names `{w}`" for w in words if w in names]
    return found


def test_rooms_import_only_what_their_walls_allow() -> None:
    assert [breach for source in sources() for breach in forbidden_imports(source)] == []


def test_no_import_inside_a_function() -> None:
    assert [f"{s.name}:{i.line}" for s in sources() for i in s.imports if i.inside_function] == []


def test_only_toolchains_and_the_emulator_start_processes() -> None:
    calls = {"system", "popen", "fork", "posix_spawn", "execv", "execve", "execvp", "spawnv"}
    used = [use for s in sources() for use in misused(s, PROCESS_MODULES, PROCESSES)]
    others = [s for s in sources() if not s.among(PROCESSES)]
    assert used + [use for s in others for use in attribute_uses(s, "os", calls)] == []


def test_only_the_model_clients_open_sockets() -> None:
    assert [use for s in sources() for use in misused(s, SOCKET_MODULES, SOCKETS)] == []


def test_the_solver_stays_where_it_judges_and_repairs() -> None:
    assert [use for s in sources() for use in misused(s, {"z3"}, SOLVER)] == []


def test_only_the_command_line_reads_the_environment() -> None:
    others = [s for s in sources() if not s.among((*ENVIRONMENT, *PROCESSES))]
    assert [use for s in others for use in attribute_uses(s, "os", {"environ", "getenv"})] == []


def test_no_platform_is_named_outside_its_folder() -> None:
    assert [named for source in sources() for named in named_platforms(source)] == []


def test_no_module_is_called_after_nothing() -> None:
    nothing = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}
    stems = {s.path.stem for s in sources()}
    assert not stems & nothing
    assert not [stem for stem in stems if stem.startswith("base_")]


def test_every_room_has_a_rule() -> None:
    found = {p.name for p in SOURCE.iterdir() if p.is_dir() and (p / "__init__.py").exists()}
    assert found <= ROOMS, f"no wall is written for {found - ROOMS}"


# ---------------------------------------------------------------- the walls themselves are tested


def planted(name: str, text: str) -> Source:
    return Source(SOURCE / name, ast.parse(text))


def test_the_walls_see_a_breach() -> None:
    assert forbidden_imports(planted("verify/x.py", "from xpiler.facts.affine import form"))
    assert forbidden_imports(planted("verify/x.py", "import xpiler.passes"))
    assert forbidden_imports(planted("repair/x.py", "from xpiler.verify.ladder import climb"))
    assert forbidden_imports(planted("ir/x.py", "from xpiler import platforms"))
    assert misused(planted("passes/x.py", "import subprocess"), PROCESS_MODULES, PROCESSES)
    assert misused(planted("engine.py", "from urllib import request"), SOCKET_MODULES, SOCKETS)
    assert misused(planted("search/x.py", "from urllib.request import urlopen"), SOCKET_MODULES, SOCKETS)
    assert named_platforms(planted("passes/x.py", "if p.name == 'bang': pass"))
    assert [i for i in planted("x.py", "def f():\n import os").imports if i.inside_function]
    assert named_platforms(planted("cli.py", "to = 'bang'"))
    assert attribute_uses(planted("x.py", "import os\nos.environ['A']"), "os", {"environ"})


def test_the_walls_let_the_allowed_through() -> None:
    assert not forbidden_imports(planted("repair/x.py", "from xpiler.verify.verdict import Proved"))
    assert not forbidden_imports(planted("text/x.py", "from xpiler.platforms.platform import Axis"))
    assert not forbidden_imports(planted("engine.py", "from xpiler.search.tree import grow"))
    assert not misused(planted("emulate/x.py", "import subprocess"), PROCESS_MODULES, PROCESSES)
    assert not named_platforms(planted("passes/x.py", '"""For bang and cuda."""'))
    assert not named_platforms(planted("cli.py", "try_ = '--to bang'"))
    assert not named_platforms(planted("platforms/bang/platform.py", "NAME = 'bang'"))

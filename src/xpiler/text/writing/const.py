"""Pointers that a program only reads through are written as pointers to const."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import replace

from xpiler.ir.nodes import (
    Addr, Atomic, Buffer, Expr, Intrinsic, Kernel, Launch, Launcher, Param, Program, Store,
)
from xpiler.ir.walk import statements, subexpressions
from xpiler.platforms.platform import Platform
from xpiler.text.writing.header import signature


def with_const(program: Program, platform: Platform) -> Program:
    """The program with every pointer parameter const that nothing is stored through."""
    kernels = tuple(replace(k, params=_settled(k.params, _stored(k, platform.copies))) for k in program.kernels)
    program = replace(program, kernels=kernels)
    if program.launcher is None:
        return program
    params = _settled(program.launcher.params, _given_away(program, program.launcher, platform.model != "serial"))
    return replace(program, launcher=replace(program.launcher, params=params))


def _settled(params: tuple[Param, ...], stored: set[str]) -> tuple[Param, ...]:
    return tuple(
        replace(p, const=p.const or p.name not in stored) if isinstance(p, Buffer) else p for p in params)


def _stored(kernel: Kernel, copies: Container[str]) -> set[str]:
    """The buffers a kernel stores to, or may by what the types of the intrinsics it calls say."""
    found: set[str] = set()
    for s in statements(kernel):
        match s:
            case Store(buffer) | Atomic(buffer=buffer):
                found.add(buffer)
            case Intrinsic(name, args, None, "") if name in copies:
                found |= set(_addressed(args[0]))
            case Intrinsic(args=args, result=result, key=key):
                types = signature(key)
                found |= {b for i, a in enumerate(args) if not _reads(types.param(i)) for b in _addressed(a)}
                found |= set(_addressed(result)) if isinstance(result, Addr) else set()
    return found


def _reads(ctype: str) -> bool:
    """Whether a parameter of this type is a pointer to const."""
    return re.fullmatch(r"const\b[^*]*\*( const)?|[^*]*\bconst ?\*( const)?", ctype) is not None


def _addressed(e: Expr) -> Iterator[str]:
    return (x.buffer for x in subexpressions(e) if isinstance(x, Addr))


def _given_away(program: Program, launcher: Launcher, mirrors: bool) -> set[str]:
    """The launcher's arrays that are copied back to, or that a kernel stores to.

    `mirrors` says that device buffers are memory of their own."""
    hosts = {b.name: "" if mirrors else b.host for b in launcher.buffers if b.host}
    found = {b.out for b in launcher.buffers if b.out}
    for s in statements(launcher):
        if isinstance(s, Launch):
            for p, a in zip(program.kernel(s.kernel).params, s.args, strict=True):
                if isinstance(p, Buffer) and not p.const:
                    found |= {hosts.get(b, b) for b in _addressed(a)}
    return found

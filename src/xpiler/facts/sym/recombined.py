"""Digits of one number in a sum, put together again: c*m*(x/m) + c*(x%m) is c*x, and so are they times a size."""

from __future__ import annotations

from functools import reduce

from xpiler.facts.sym.leaves import integer, is_const
from xpiler.facts.sym.nodes import Sym, value_of
from xpiler.facts.sym.quotients import div, mod
from xpiler.facts.sym.sums import add, linear, mul, scale, terms_of


def recombine(terms: dict[Sym, int]) -> tuple[dict[Sym, int], int]:
    """c*m*(x/m) + c*(x%m) = c*x, for whole and partial digits of x; and the constant that comes out of x."""
    again, constant = True, 0
    while again:
        again = False
        for high in list(terms):
            whole = high.op == "div" and high.args[0].op in ("var", "prod", "call")
            if not whole or not is_const(high.args[1]):
                continue
            x, m = high.args
            c = -terms.get(x, 0)
            if c and terms[high] == c * value_of(m):  # m * (x/m) - x = -(x%m)
                del terms[high], terms[x]
                rest = mod(x, m)
                terms[rest] = terms.get(rest, 0) - c
                terms = {a: k for a, k in terms.items() if k}
                again = True
                break
        if again:
            continue
        for low in list(terms):
            if low.op != "mod" or not is_const(low.args[1]):
                continue
            c, (x, m) = terms[low], low.args
            if terms.get(x) == -c:  # x - x%m = m * (x/m)
                del terms[low], terms[x]
                high = div(x, m)
                terms[high] = terms.get(high, 0) - c * value_of(m)
                terms = {a: k for a, k in terms.items() if k}
                again = True
                break
            high = div(x, m)
            if high.op == "lin" or high.op == "int":
                continue
            if terms.get(high) == c * value_of(m):
                del terms[low], terms[high]
                const, extra = terms_of(x)
                constant += c * const
                for a, k in extra.items():
                    terms[a] = terms.get(a, 0) + c * k
                terms = {a: k for a, k in terms.items() if k}
                again = True
                break
            for other, k in list(terms.items()):  # c*m*((x/m)%p) + c*(x%m) = c*(x % (m*p))
                digit = other.op == "mod" and other.args[0] is high and is_const(other.args[1])
                if digit and k == c * value_of(m):
                    merged = mod(x, integer(value_of(m) * value_of(other.args[1])))
                    if merged.op == "mod":
                        del terms[low], terms[other]
                        terms[merged] = terms.get(merged, 0) + c
                        again = True
                        break
            if again:
                break
        again = again or _whole_again(terms) or _carried_over(terms) or _lowest_digit(terms)
    return terms, constant


def recombine_multiples(terms: dict[Sym, int]) -> tuple[dict[Sym, int], int]:
    """c*m*(x/m)*y + c*(x%m)*y = c*x*y, and the constant that comes out of it."""
    for low, c in terms.items():
        for digit in low.args if low.op == "prod" else ():
            if digit.op != "mod" or not is_const(digit.args[1]):
                continue
            x, m = digit.args
            factors = list(low.args)
            factors.remove(digit)
            y = reduce(mul, factors)
            high = mul(div(x, m), y)
            if high.op == "prod" and terms.get(high) == c * value_of(m):
                const, whole = terms_of(scale(mul(x, y), c))
                left = {a: k for a, k in terms.items() if a not in (low, high)}
                for a, k in whole.items():
                    left[a] = left.get(a, 0) + k
                left, more = recombine_multiples({a: k for a, k in left.items() if k})
                return left, const + more
    return terms, 0


def _lowest_digit(terms: dict[Sym, int]) -> bool:
    """One step of x % (g*p) - g * (x/g % p) = x % g."""
    for whole, c in terms.items():
        if whole.op != "mod" or not is_const(whole.args[1]):
            continue
        x, size = whole.args[0], value_of(whole.args[1])
        for other, k in terms.items():
            digit = other.op == "mod" and other.args[0].op == "div" and other.args[0].args[0] is x
            if not digit or k % c or not is_const(other.args[1]) or not is_const(other.args[0].args[1]):
                continue
            unit = value_of(other.args[0].args[1])
            if k == -c * unit and unit * value_of(other.args[1]) == size:
                del terms[whole], terms[other]
                low = mod(x, integer(unit))
                terms[low] = terms.get(low, 0) + c
                return True
    return False


def _carried_over(terms: dict[Sym, int]) -> bool:
    """One step of x/m + (x%m + b)/m = (x + b)/m: a tile, and how many tiles further on something lies."""
    for more, c in list(terms.items()):
        if more.op != "div" or not is_const(more.args[1]) or more.args[0].lo < 0:
            continue
        y, m = more.args
        const, inside = terms_of(y)
        for rest, k in inside.items():
            if rest.op != "mod":
                continue
            x = rest.args[0]
            if rest.args[1] is m and k == 1 and x.lo >= 0 and terms.get(tile := div(x, m)) == c:
                whole = div(add(x, linear(const, {a: n for a, n in inside.items() if a is not rest})), m)
                if whole.op == "div" and whole not in terms:
                    del terms[more], terms[tile]
                    terms[whole] = c
                    return True
    return False


def _whole_again(terms: dict[Sym, int]) -> bool:
    """One step of c*m*(x/m) + c*(x%m) = c*x, and of c*m*((x/m)%p) + c*(x%m) = c*(x%(m*p)), where x is a sum: its
    remainder may be of a smaller sum, as of b + t for (4*b + t) % 3, or fall apart."""
    for high, k in list(terms.items()):
        digit = high.op == "mod" and is_const(high.args[1]) and high.args[0].op == "div"
        quotient, p = (high.args[0], value_of(high.args[1])) if digit else (high, 0)
        if quotient.op != "div" or quotient.args[0].op != "lin" or not is_const(quotient.args[1]):
            continue
        x, m = quotient.args[0], value_of(quotient.args[1])
        if k % m or x.lo < 0:
            continue
        c = k // m
        const, rest = terms_of(mod(x, integer(m)))
        if const or not rest or any(terms.get(a, 0) != c * n for a, n in rest.items()):
            continue
        const, whole = terms_of(mod(x, integer(m * p)) if digit else x)
        if const or high in whole:
            continue
        del terms[high]
        for a in rest:
            del terms[a]
        for a, n in whole.items():
            terms[a] = terms.get(a, 0) + c * n
            if not terms[a]:
                del terms[a]
        return True
    return False

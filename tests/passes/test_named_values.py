"""Values that are called what the source calls what is made in the same way."""

from __future__ import annotations

from tests.passes.programs import F, I, E, array, assign, call, kernel, let, load, loop, store, var
from xpiler.ir.nodes import Cast, Kernel, Let
from xpiler.ir.walk import statements
from xpiler.passes.names.source_values import values_named_after

i, k = var("i"), var("k")


def whole(x: E) -> E:
    return E(Cast(call("floor", x).e, I))


SOURCE = kernel(
    "k", "shapes at y",
    loop("k", 8, let("H", load("shapes", k * 2)), let("W", load("shapes", k * 2 + 1)),
         array("xy", 2), store("xy", 0, load("at", k * 2)), store("xy", 1, load("at", k * 2 + 1)),
         let("px", load("xy", 0) * var("W", F) - 0.5), let("py", load("xy", 1) * var("H", F) - 0.5),
         let("x0", whole(var("px", F)), I), let("y0", whole(var("py", F)), I),
         let("twice", load("at", k) * 2.0), let("again", load("at", k) * 2.0), store("y", k, var("px", F))))


def named(*body: object) -> list[str]:
    given: Kernel = kernel("k", "shapes at y", array("shapes_pad", 16, "pad"), loop("i", 8, *body))
    return [s.var.name for s in statements(values_named_after(given, [SOURCE])) if isinstance(s, Let)]


HEIGHT = let("shapes_value", load("shapes_pad", i * 2))
WIDTH = let("shapes_value_1", load("shapes_pad", i * 2 + 1))


def test_what_is_made_in_the_same_way_has_the_same_name() -> None:
    far, down = load("at", i * 2) * var("shapes_value_1", F) - 0.5, load("at", i * 2 + 1) * var("shapes_value", F) - 0.5
    body = (HEIGHT, WIDTH, let("difference", down), let("whole", whole(var("difference", F)), I),
            let("difference_1", far), let("whole_1", whole(var("difference_1", F)), I))
    assert named(*body) == ["H", "W", "py", "y0", "px", "x0"]


def test_names_that_say_something_stay() -> None:
    assert named(let("least", load("shapes_pad", i * 2))) == ["least"]


def test_a_name_is_no_guess() -> None:
    """Two scalars of the source are made so; what is set again is no value; one element is like another."""
    assert named(let("product", load("at", i) * 2.0)) == ["product"]
    assert named(HEIGHT, assign("shapes_value", 1.0)) == ["shapes_value"]
    assert named(let("y_value", load("y", i * 2 + 1))) == ["y_value"]


def test_values_made_of_values_many_times_over_take_no_time() -> None:
    chain = (let("v", load("at", i * 2)), *(let(f"v_{n}", var(f"v_{n - 1}" if n > 1 else "v", F) * var(
        f"v_{n - 1}" if n > 1 else "v", F)) for n in range(1, 60)))
    assert len(named(*chain)) == 60

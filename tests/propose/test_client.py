"""The client against an endpoint that speaks the protocol well, badly, slowly, or not at all."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from tests.propose.stub import Said, code, completion, serving

from xpiler.fault import Fault
from xpiler.propose.budget import Budget, Price, worst_case
from xpiler.propose.client import HIDDEN, Client
from xpiler.propose.exchange import Message, NoProposal, Reply, Request, Use

KEY = "sk-0123456789abcdef"
ASK = Request("small", (Message("system", "be brief"), Message("user", "hello")), temperature=0.5, most=100)
BUSY = Said(b'{"error": {"message": "slow down"}}', status=429, headers={"retry-after": "0"})
BROKEN = Said(b"<html>bad gateway</html>", status=502)


def client(url: str, **more: object) -> Client:
    waits: list[float] = []
    made = Client(url, KEY, **{"timeout": 5.0, "wait": waits.append, **more})  # type: ignore[arg-type]
    made.waits = waits  # type: ignore[attr-defined]
    return made


def test_a_question_goes_out_and_an_answer_comes_back_as_the_protocol_says() -> None:
    with serving(completion("hi", use=(12, 3))) as stub:
        asked = client(stub.url)
        assert asked.ask(ASK) == Reply("hi", "stop", Use(12, 3))
    (body,), (headers,) = stub.asked, stub.headers
    assert body["model"] == "small" and body["temperature"] == 0.5 and body["max_tokens"] == 100
    assert body["messages"] == [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}]
    assert headers["authorization"] == f"Bearer {KEY}"
    assert asked.budget.used == Use(12, 3)


@pytest.mark.parametrize("trouble", [BUSY, BROKEN, replace(BUSY, status=500), replace(BUSY, status=503)])
def test_a_busy_or_broken_endpoint_is_asked_again(trouble: Said) -> None:
    with serving(trouble, trouble, completion("at last")) as stub:
        asked = client(stub.url)
        answer = asked.ask(ASK)
    assert isinstance(answer, Reply) and answer.text == "at last"
    assert asked.waits == [0.5, 1.0], "each pause twice the one before"  # type: ignore[attr-defined]
    assert asked.budget.used == Use(100, 50), "what was not answered costs nothing"


def test_retries_end() -> None:
    with serving(BUSY) as stub:
        answer = client(stub.url, retries=2).ask(ASK)
    assert isinstance(answer, NoProposal) and "429" in answer.why and not answer.final
    assert len(stub.asked) == 3


def test_an_endpoint_may_say_how_long_to_wait_but_not_for_ever() -> None:
    with serving(replace(BUSY, headers={"retry-after": "7"}), replace(BUSY, headers={"retry-after": "86400"}), completion("x")) as stub:
        asked = client(stub.url)
        asked.ask(ASK)
    assert asked.waits == [7.0, 20.0]  # type: ignore[attr-defined]


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_what_another_try_cannot_mend_is_final(status: int) -> None:
    with serving(Said(json.dumps({"error": {"message": f"your key {KEY} is wrong"}}).encode(), status=status)) as stub:
        answer = client(stub.url).ask(ASK)
    assert isinstance(answer, NoProposal) and answer.final and str(status) in answer.why and KEY not in answer.why
    assert len(stub.asked) == 1


def test_a_slow_answer_ends_with_its_time() -> None:
    with serving(completion("late")) as stub, serving(replace(completion("late"), delay=0.3)) as slow:
        assert isinstance(client(stub.url, timeout=0.2).ask(ASK), Reply)
        asked = client(slow.url, timeout=0.1, retries=0)
        answer = asked.ask(ASK)
    assert isinstance(answer, NoProposal) and "0.1 s" in answer.why
    assert asked.budget.used == worst_case(ASK), "nobody knows what it cost"


def test_time_for_all_tries_is_limited() -> None:
    with serving(replace(completion("late"), delay=0.25)) as stub:
        began = time.monotonic()
        answer = client(stub.url, timeout=5.0, retries=5).ask(ASK, 0.15)
    assert isinstance(answer, NoProposal) and time.monotonic() - began < 1.0


def test_no_endpoint_at_all() -> None:
    with serving(BUSY) as stub:
        url = stub.url
    asked = client(url, retries=1)
    answer = asked.ask(ASK)
    assert isinstance(answer, NoProposal) and "reached" in answer.why and asked.budget.used == Use(0, 0)


WHOLE = completion("fine").body
MALFORMED = {
    "no json": b"hello", "cut off": WHOLE[:-20], "no choices": b'{"choices": []}', "a list": b"[]", "nothing": b"",
    "a number": b"7", "choices of text": b'{"choices": "abc"}', "no message": b'{"choices": [{}]}',
    "a null message": b'{"choices": [{"message": null}]}', "text as a number": WHOLE.replace(b'"fine"', b"7"),
    "text as a list": WHOLE.replace(b'"fine"', b'[{"a": 1}]'), "null text": WHOLE.replace(b'"fine"', b"null"),
    "deep": b"[" * 100_000, "not utf-8": b"\xff\xfe\x00", "a nan": b"NaN",
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_answer_is_a_value(body: bytes) -> None:
    with serving(Said(body)) as stub:
        asked = client(stub.url)
        assert isinstance(asked.ask(ASK), NoProposal)
    assert len(stub.asked) == 1 and asked.budget.used.tokens >= 100


def test_a_body_that_ends_early_is_a_value() -> None:
    with serving(Said(WHOLE, headers={"content-length": str(len(WHOLE) + 100)})) as stub:
        answer = client(stub.url, timeout=0.3, retries=0).ask(ASK)
    assert isinstance(answer, NoProposal)


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    with serving(completion("x" * (5 << 20))) as stub:
        answer = client(stub.url).ask(ASK)
    assert isinstance(answer, NoProposal) and "MiB" in answer.why


@pytest.mark.parametrize(("said", "why"), [
    (completion(None, refusal="I cannot help with that."), "refuses: I cannot"),
    (completion("x", ended="content_filter"), "filter"),
    (completion("  \n"), "empty"),
])
def test_a_refusal_is_a_value(said: Said, why: str) -> None:
    with serving(said) as stub:
        answer = client(stub.url).ask(ASK)
    assert isinstance(answer, NoProposal) and why in answer.why


def test_an_endpoint_that_sends_the_key_back_does_not_get_it_through() -> None:
    with serving(completion(f"// {KEY}"), completion(None, refusal=f"no, {KEY}"), Said(KEY.encode())) as stub:
        asked = client(stub.url)
        answers = [asked.ask(ASK) for _ in range(3)]
    assert KEY not in str(answers) and HIDDEN in str(answers[0]) and KEY not in repr(asked)


# ---------------------------------------------------------------- budgets


def test_a_request_that_could_exceed_the_budget_is_not_sent() -> None:
    worst = worst_case(ASK).tokens
    with serving(completion("hi", use=(20, 5))) as stub:
        asked = client(stub.url, budget=Budget(tokens=worst + 30))
        assert isinstance(asked.ask(ASK), Reply)
        assert isinstance(asked.ask(ASK), Reply)
        with pytest.raises(Fault) as found:
            asked.ask(ASK)
    assert found.value.code == "XP5003" and len(stub.asked) == 2 and asked.budget.used == Use(40, 10)


def test_the_worst_case_is_no_less_than_any_tokenizer_counts() -> None:
    text = "ab 汉字 \U0001f600"
    assert worst_case(replace(ASK, messages=(Message("user", text),))).read >= len(text.encode())


def test_money_is_counted_by_two_prices() -> None:
    with serving(completion("hi", use=(1_000_000, 500_000))) as stub:
        asked = client(stub.url, budget=Budget(money=5.0, price=Price(1.0, 4.0)))
        asked.ask(ASK)
        assert asked.budget.spent == pytest.approx(3.0)
        asked.ask(ASK)
        with pytest.raises(Fault, match="5"):
            asked.ask(ASK)


@pytest.mark.parametrize("use", [None, (-5, 3), ("a", "b"), (1.5, 2), (True, False)])
def test_an_endpoint_that_lies_about_its_use_is_booked_as_the_worst_case(use: tuple[int, int] | None) -> None:
    said = completion("hi")
    told = json.loads(said.body)
    told["usage"] = None if use is None else dict(zip(("prompt_tokens", "completion_tokens"), use, strict=True))
    with serving(Said(json.dumps(told).encode())) as stub:
        asked = client(stub.url)
        asked.ask(ASK)
    assert asked.budget.used == worst_case(ASK)


def test_requests_at_the_same_time_share_one_budget() -> None:
    worst = worst_case(ASK).tokens
    with serving(replace(completion("hi", use=(20, 5)), delay=0.2)) as stub:
        asked = client(stub.url, budget=Budget(tokens=3 * worst), at_once=8)
        answers = asked.ask_all([replace(ASK, nth=n) for n in range(8)])
    assert sum(isinstance(a, Reply) for a in answers) == 3 == len(stub.asked) and stub.most_at_once > 1
    assert all("budget" in a.why for a in answers if isinstance(a, NoProposal))


def test_no_more_requests_at_the_same_time_than_allowed() -> None:
    with serving(replace(code("x"), delay=0.05)) as stub:
        answers = client(stub.url, at_once=2).ask_all([replace(ASK, nth=n) for n in range(6)])
    assert len(answers) == 6 and stub.most_at_once == 2


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize("url", ["", "localhost:8000", "file:///etc/passwd", "ftp://x"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(Fault) as found:
        Client(url)
    assert found.value.code == "XP5002"


def test_a_key_that_would_break_a_header() -> None:
    with pytest.raises(Fault) as found:
        Client("http://localhost/v1", "abc\r\nX-Evil: 1")
    assert found.value.code == "XP5002" and "Evil" not in str(found.value)

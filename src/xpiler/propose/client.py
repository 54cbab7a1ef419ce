"""An OpenAI-compatible endpoint, asked within a budget. The only file that opens sockets.

Whatever the other side sends, an answer is a value: a `Reply`, or a `NoProposal` that says why there is none."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from xpiler.fault import Fault
from xpiler.propose.budget import Budget, worst_case
from xpiler.propose.exchange import Answer, NoProposal, Reply, Request, Use
from xpiler.propose.extra import extra

if TYPE_CHECKING:  # importing it takes a second, which commands that ask no model should not
    import openai

_LARGEST = 4 << 20  # bytes of an answer that are read
_WAIT = 0.5  # seconds before the second try, doubled before each one after it
_LONGEST_WAIT = 20.0
_AGAIN = {408, 409, 425, 429, 500, 502, 503, 504}
_SECRET = 8  # characters from which on a key is one: shorter ones are stand-ins such as `none`
HIDDEN = "[key]"


@dataclass
class Client:
    """`timeout` is for one request, start to end; `retries` are made where the endpoint is busy or broken."""

    base_url: str
    key: str = field(default="", repr=False)
    timeout: float = 120.0
    retries: int = 2
    budget: Budget = field(default_factory=Budget)
    at_once: int = 4
    wait: Callable[[float], None] = field(default=time.sleep, repr=False)

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("http://", "https://")):
            raise Fault("XP5002", f"cannot ask a model at `{self.base_url}`", why="it is no address of an endpoint",
                        try_="--base-url http://localhost:8000/v1, or XPILER_BASE_URL")
        if not self.key.isascii() or not self.key.isprintable():  # it would not go into a header
            raise Fault("XP5002", "the model's key cannot be sent", why="it has characters that no key has",
                        try_="XPILER_API_KEY without spaces or line breaks around it")

    @cached_property
    def _library(self) -> Any:
        return extra("openai", "model")

    @cached_property
    def _broken(self) -> type[Exception]:
        """What the transport below the library (httpx, in one of its versions) raises while an answer is read."""
        homes = (k.__module__.partition(".")[0] for k in self._library.DefaultHttpxClient.__mro__)
        transport = next(h for h in homes if h != self._library.__name__)
        found: type[Exception] = import_module(transport).HTTPError
        return found

    @cached_property
    def _endpoint(self) -> openai.OpenAI:
        made: openai.OpenAI = self._library.OpenAI(
            base_url=self.base_url, api_key=self.key or "none", timeout=self.timeout, max_retries=0)
        return made

    def ready(self) -> Self:
        """This client, its library loaded; Fault XP4003 where there is none."""
        _ = self._endpoint
        return self

    def ask(self, request: Request, seconds: float = float("inf")) -> Answer:
        """The model's answer within so many seconds; Fault XP5003 where it could exceed the budget."""
        until = time.monotonic() + seconds
        answer: Answer = NoProposal("there was no time to ask")
        for n in range(self.retries + 1):
            left = until - time.monotonic()
            if left <= 0:
                break
            answer, pause = self._once(request, min(self.timeout, left))
            if pause is None or n == self.retries:
                break
            pause = min(max(pause, _WAIT * 2**n), _LONGEST_WAIT)
            if pause > until - time.monotonic():
                break
            self.wait(pause)
        return answer

    def ask_all(self, requests: Sequence[Request], seconds: float = float("inf")) -> list[Answer]:
        """Several at the same time, answers in the order of the requests. The budget holds for them together; those
        it does not reach for are not asked."""

        def one(request: Request) -> Answer:
            try:
                return self.ask(request, seconds)
            except Fault as fault:
                return NoProposal(f"{fault.what}: {fault.why}", final=True)

        _ = self._endpoint
        with ThreadPoolExecutor(max(self.at_once, 1)) as threads:
            return list(threads.map(one, requests))

    def _once(self, request: Request, seconds: float) -> tuple[Answer, float | None]:
        """One attempt: its answer, and the least pause before another one, None where none would help."""
        lib, endpoint, worst = self._library, self._endpoint, worst_case(request)
        self.budget.reserve(worst)
        use, pause = worst, None  # what is not known to be free is paid for
        answer: Answer = NoProposal("interrupted")
        try:
            body = self._body(endpoint, request, seconds)
            answer, use = _reply(body, request, worst)
        except lib.APIStatusError as e:
            use = Use(0, 0)
            again = e.status_code in _AGAIN
            pause = _pause(e.response.headers.get("retry-after")) if again else None
            answer = NoProposal(f"the endpoint answered with status {e.status_code}", final=not again)
        except (TimeoutError, lib.APITimeoutError):
            answer, pause = NoProposal(f"no answer within {seconds:g} s"), 0.0
        except _TooLong as e:
            answer = NoProposal(str(e))
        except lib.APIConnectionError as e:
            answer, pause = NoProposal(f"the endpoint cannot be reached: {e.__cause__ or e}"), 0.0
            use = Use(0, 0) if type(e.__cause__).__name__ == "ConnectError" else worst
        except (lib.OpenAIError, self._broken, OSError, ValueError) as e:
            answer, pause = NoProposal(f"the exchange broke: {type(e).__name__}: {e}"), 0.0
        finally:
            self.budget.settle(worst, use)
        return self._hidden(answer), pause

    def _body(self, endpoint: openai.OpenAI, request: Request, seconds: float) -> bytes:
        """The raw answer, read within limits of size and time: a library would wait for every last byte."""
        until = time.monotonic() + seconds
        messages: Any = [{"role": m.role, "content": m.text} for m in request.messages]
        asking = endpoint.chat.completions.with_streaming_response.create(
            model=request.model, messages=messages, temperature=request.temperature, max_tokens=request.most,
            timeout=seconds)
        parts: list[bytes] = []
        size = 0
        with asking as response:
            for part in response.iter_bytes():
                size += len(part)
                parts.append(part)
                if size > _LARGEST:
                    raise _TooLong(f"an answer of more than {_LARGEST >> 20} MiB")
                if time.monotonic() > until:
                    raise TimeoutError
        return b"".join(parts)

    def _hidden(self, answer: Answer) -> Answer:
        """An endpoint may send back what it was sent: the key does not leave this file."""
        if len(self.key) < _SECRET:
            return answer
        if isinstance(answer, Reply):
            return Reply(answer.text.replace(self.key, HIDDEN), answer.ended.replace(self.key, HIDDEN), answer.use)
        return NoProposal(answer.why.replace(self.key, HIDDEN), answer.final)


class _TooLong(Exception):
    """An answer that does not end."""


def _pause(header: str | None) -> float:
    try:
        return max(float(header or 0), 0.0)
    except ValueError:  # a date
        return _WAIT


def _reply(body: bytes, request: Request, worst: Use) -> tuple[Answer, Use]:
    """What the body says, in the form that chat completions have, and what it cost."""
    try:
        data = json.loads(body)
        choice = data["choices"][0]
        message, ended = choice["message"], str(choice.get("finish_reason") or "stop")
        text, refusal = message.get("content"), message.get("refusal")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return NoProposal(f"a malformed answer: {body[:80].decode(errors='replace')!r}"), worst
    use = _use(data, worst)
    if isinstance(refusal, str) and refusal:
        return NoProposal(f"the model refuses: {refusal[:200]}"), use
    if ended == "content_filter":
        return NoProposal("the endpoint's filter stopped the answer"), use
    if not isinstance(text, str) or not text.strip():
        return NoProposal("an empty answer"), use
    return Reply(text, ended[:40], use), use


def _use(data: Any, worst: Use) -> Use:
    """What the endpoint says it used; the worst case where it says nothing, or nothing that could be true."""
    told = data.get("usage")
    if not isinstance(told, dict):
        return worst
    read, written = told.get("prompt_tokens"), told.get("completion_tokens")
    if type(read) is not int or type(written) is not int or min(read, written) < 0:
        return worst
    return Use(read, written)

"""A model's endpoint in a thread: the real wire protocol, with whatever replies a test wants."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Said:
    """One reply: its body as it goes over the wire, after `delay` seconds, its end `late` seconds after its start."""

    body: bytes
    status: int = 200
    delay: float = 0.0
    late: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)


def completion(text: str | None, *, ended: str = "stop", use: tuple[int, int] | None = (100, 50), **message: Any) -> Said:
    """A chat completion as endpoints write it."""
    told: dict[str, Any] = {
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "stub",
        "choices": [{"index": 0, "finish_reason": ended, "message": {"role": "assistant", "content": text, **message}}],
    }
    if use is not None:
        told["usage"] = {"prompt_tokens": use[0], "completion_tokens": use[1], "total_tokens": sum(use)}
    return Said(json.dumps(told).encode())


def code(text: str) -> Said:
    return completion(f"Here it is:\n\n```cpp\n{text}\n```\n")


Script = Callable[[dict[str, Any], int], Said]


@dataclass
class Stub:
    """What it heard: the bodies and the headers of requests, in order."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    most_at_once: int = 0
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, body: dict[str, Any], headers: dict[str, str]) -> int:
        with self._lock:
            self.asked.append(body)
            self.headers.append(headers)
            self._now += 1
            self.most_at_once = max(self.most_at_once, self._now)
            return len(self.asked) - 1

    def leave(self) -> None:
        with self._lock:
            self._now -= 1


@contextmanager
def serving(*replies: Said | Script) -> Iterator[Stub]:
    """An endpoint that gives these replies in order, the last one again and again."""
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            n = stub.enter(body, {k.lower(): v for k, v in self.headers.items()})
            try:
                chosen = replies[min(n, len(replies) - 1)]
                self._say(chosen if isinstance(chosen, Said) else chosen(body, n))
            except (BrokenPipeError, ConnectionResetError):
                pass
            finally:
                stub.leave()

        def _say(self, said: Said) -> None:
            time.sleep(said.delay)
            self.send_response(said.status)
            self.send_header("content-type", "application/json")
            for name, value in {"content-length": str(len(said.body)), **said.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            half = len(said.body) // 2 if said.late else len(said.body)
            self.wfile.write(said.body[:half])
            self.wfile.flush()
            if said.late:
                time.sleep(said.late)
                self.wfile.write(said.body[half:])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()

"""A reply -> the one text it proposes, screened; tapes; prompts; what is nearest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.conftest import ROOT

from xpiler import platforms
from xpiler.fault import Fault
from xpiler.propose import prompt as prompts
from xpiler.propose.exchange import Answer, Message, NoProposal, Reply, Request, Use
from xpiler.propose.fenced import LARGEST, text_of
from xpiler.propose.nearest import likeness, nearest
from xpiler.propose.screen import objection
from xpiler.propose.tape import HIDDEN, Recorder, played

CUDA = platforms.get("cuda")
KEY = "sk-0123456789abcdef"
ASK = Request("small", (Message("user", f"hello {KEY}"),))


def said(text: str, ended: str = "stop") -> str | NoProposal:
    return text_of(Reply(text, ended, Use(1, 1)))


# ---------------------------------------------------------------- the fenced block


@pytest.mark.parametrize(("reply", "text"), [
    ("```\nint a;\n```", "int a;\n"),
    ("Sure!\n```cpp\nint a;\nint b;\n```\nor\n```\nint c;\n```", "int a;\nint b;\n"),
    ("~~~c\nint a; // ```\n~~~", "int a; // ```\n"),
    ("````\n```\nint a;\n```\n````", "```\nint a;\n```\n"),
    ("<think>```\nint wrong, and long;\n```</think>\n```\nint a;\n```", "int a;\n"),
    ("```cpp\r\nint a;\r\n```\r\n", "int a;\n"),
])
def test_the_largest_block_is_the_text(reply: str, text: str) -> None:
    assert said(reply) == text


@pytest.mark.parametrize(("reply", "why"), [
    ("I am sorry, I cannot.", "no fenced block"),
    ("int a;", "no fenced block"),
    ("```cpp\nint a;", "no end"),
    ("```\n\n```", "empty"),
    ("```\nint a;\n```\n```\nint b;\n```", "several"),
    ("```\n" + "x" * (LARGEST + 1) + "\n```", "at most"),
    ("```\nint a;\x00\n```", "U+0000"),
    ("```\nint a;\ud800\n```", "U+D800"),
    ("```\nint a; // \u202e ;b tni\n```", "U+202E"),
])
def test_what_holds_no_text_is_a_value(reply: str, why: str) -> None:
    got = said(reply)
    assert isinstance(got, NoProposal) and why in got.why


def test_an_answer_that_was_cut_off_is_none() -> None:
    got = said("```\nint a;\n```", "length")
    assert isinstance(got, NoProposal) and "cut off" in got.why


# ---------------------------------------------------------------- the screen


HOSTILE = {
    "a file": '#include "/etc/passwd"', "a digraph": '%:include "/etc/passwd"', "a trigraph": '??=include "/etc/passwd"',
    "a continued line": '#inc\\\nlude "/etc/passwd"', "a comment before": '/**/ # /* */ include "/etc/passwd"',
    "through a macro": '#define F "/etc/passwd"\n#include F', "a folder up": '#include <../../etc/passwd>',
    "import": '#import "/etc/passwd"', "include_next": '#include_next <stdio.h>', "embed": '#embed "/etc/passwd"',
    "unistd": "#include <unistd.h>", "sockets": "#include <sys/socket.h>", "a question": '#if __has_include("/root/.ssh")\n#endif',
    "a pasted question": '#define C(a, b) a##b\n#if C(__has_, include)("/root")\n#endif',
    "asm": 'void f() { __asm__(".incbin \\"/etc/passwd\\""); }', "asm at the top": 'asm(".incbin \\"/etc/passwd\\"");',
    "a pragma": "#pragma GCC optimize(\"O0\")", "a dependency": '#pragma GCC dependency "/etc/passwd"',
    "_Pragma": '_Pragma("GCC poison x")', "a raw string": 'const char *s = R"(\n#include "x")";',
    "a constructor": "__attribute__((constructor)) void f() {}", "a section": '__attribute__((section(".init_array"))) int x;',
    "a constructor in brackets": "[[gnu::constructor]] void f() {}", "line": '#line 1 "/etc/passwd"',
    "behind a character": "char c = u8'\"'; asm(\"nop\"); char d = '\"';", "behind digits": "int x = 1'0'0; asm(\"nop\"); char d = '\"';",
    "behind a comment": "// \\\nx\nasm(\"nop\");", "a file's name": "const char *s = __FILE__;", "ident": '#ident "x"',
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_a_compiler_may_not_be_told(text: str) -> None:
    assert objection(text + "\n__global__ void k(float *a) { a[0] = 1; }\n", CUDA)


@pytest.mark.parametrize("file", sorted((ROOT / "examples").iterdir()), ids=lambda p: p.name)
def test_honest_programs_pass(file: Path) -> None:
    platform = platforms.of_file(file) or platforms.get("vnni")
    assert objection(file.read_text(), platform) == ""


def test_words_in_comments_strings_and_names_are_none() -> None:
    text = "// asm, #include \"x\"\n/* __has_include */ int asm_count = 1'000; const char *s = \"asm\";\nint x = a[b[0]];\n"
    assert objection(text, CUDA) == ""


# ---------------------------------------------------------------- tapes


def test_a_tape_replays_what_was_answered(tmp_path: Path) -> None:
    answers: list[Answer] = [Reply(f"```\n{KEY}\n```", "stop", Use(3, 4)), NoProposal("a timeout"), Reply("again", "stop", Use(1, 1))]
    left = iter(answers)
    record = Recorder(lambda request, seconds: next(left), tmp_path / "tape.jsonl", (KEY,))
    requests = [ASK, Request("small", (Message("user", "other"),)), Request("small", ASK.messages, nth=1)]
    assert [record(r, 1.0) for r in requests] == answers
    text = (tmp_path / "tape.jsonl").read_text()
    assert KEY not in text and HIDDEN in text and "uthorization" not in text
    player = played(tmp_path / "tape.jsonl")
    assert player(requests[2], 0.0) == answers[2] and player(requests[1], 0.0) == answers[1]
    first = player(ASK, 0.0)
    assert isinstance(first, Reply) and first.text == f"```\n{HIDDEN}\n```" and first.use == Use(3, 4)
    unheard = player(Request("large", ASK.messages), 0.0)
    assert isinstance(unheard, NoProposal) and unheard.final and "no answer" in unheard.why


def test_a_key_that_json_would_spell_otherwise_is_hidden_too(tmp_path: Path) -> None:
    key = 'quo"te\\and/more'
    Recorder(lambda r, s: Reply(f"x{key}x", "stop", Use(1, 1)), tmp_path / "t", (key,))(ASK, 1.0)
    (line,) = (tmp_path / "t").read_text().splitlines()
    assert key not in json.loads(line)["reply"]["text"]


def test_a_stand_in_for_a_key_is_no_secret(tmp_path: Path) -> None:
    Recorder(lambda r, s: Reply("none of it", "stop", Use(1, 1)), tmp_path / "t", ("none",))(ASK, 1.0)
    assert "none of it" in (tmp_path / "t").read_text()


@pytest.mark.parametrize("text", ["", "hello", "{}", "[]", '{"key": "a"}', '{"key": "a", "reply": 7}', '{"key": "a", "reply": {"text": 1, "ended": "", "use": {}}}', "[" * 100_000])
def test_what_is_no_tape_is_told_with_its_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "t").write_text(text)
    with pytest.raises(Fault) as found:
        played(tmp_path / "t")
    assert found.value.code == "XP5004"


def test_a_question_is_known_by_all_that_is_in_it() -> None:
    others = [Request("b", ASK.messages), Request("small", ASK.messages, 0.1), Request("small", ASK.messages, nth=1), Request("small", ())]
    assert len({ASK.key, *(r.key for r in others)}) == 5 and ASK.key == Request("small", ASK.messages).key


# ---------------------------------------------------------------- prompts


def test_every_prompt_has_a_version_and_fills_the_placeholders_it_names() -> None:
    assert {"rules", "whole", "pass", "debug", "example", "knobs"} <= set(prompts.names())
    for name in prompts.names():
        found = prompts.prompt(name)
        assert found.version >= 1
        text = found.filled(**{p: f"<{p}>" for p in found.placeholders})
        assert all(f"<{p}>" in text for p in found.placeholders) and "$" not in text
        with pytest.raises(KeyError):
            found.filled()


def test_what_is_most_alike_comes_first_and_never_the_text_itself() -> None:
    text = (ROOT / "examples" / "gemm.cu").read_text()
    others = [(p.name, p.read_text()) for p in sorted((ROOT / "examples").glob("*.cu"))]
    found = nearest(text, others, 3)
    assert found[0] == "gemm_half.cu" or found[0].startswith("gemm") and "gemm.cu" not in found
    renamed = "// another comment\n" + text
    assert "gemm.cu" not in nearest(renamed, others, 9)
    assert likeness(text, text) == 1.0 and 0.0 <= likeness(text, "int a;") < 0.3

"""A model in a translation: its texts are judged like any other, and nothing it sends does more than that."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from tests.propose.stub import Said, Stub, code, completion, serving
from tests.test_bad_input import GOOD

from xpiler import cli, engine, model_road, platforms, record, to_target
from xpiler.commands import models
from xpiler.emulate.cage import weaknesses
from xpiler.emulate.entry import Limits
from xpiler.emulate.restated import NotRestated, restated
from xpiler.fault import Fault
from xpiler.neural_road import Neural, Stage, in_words
from xpiler.propose.exchange import Answer, NoProposal, Reply, Request, Use
from xpiler.propose.neural import Meta, Model, PerPass, WholeProgram
from xpiler.propose.prompt import Task
from xpiler.verify.ladder import Level
from xpiler.verify.runs.observe import Effort
from xpiler.verify.verdict import Evidence, Refuted, Unknown, Witness

C, CUDA = platforms.get("c"), platforms.get("cuda")
RIGHT = "void entry(float *a, float *c, int n) {\n  for (int i = 0; i < n; ++i) c[i] = 2.0f * a[i]; /* mine */\n}"
WRONG = RIGHT.replace("2.0f *", "2.5f *")
BEYOND = RIGHT.replace("i < n", "i <= n")


def fenced(text: str) -> Reply:
    return Reply(f"```c\n{text}\n```", "stop", Use(10, 10))


class Script:
    """Answers in order, the last again and again; keeps what it was asked."""

    def __init__(self, *answers: Answer | Callable[[Request], Answer]) -> None:
        self.answers, self.asked = answers, list[Request]()

    def __call__(self, request: Request, seconds: float) -> Answer:
        self.asked.append(request)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        return answer(request) if callable(answer) else answer


def translated(
    script: Script, *, first: bool = True, tries: int = 2, text: str = GOOD, repair: float = 0.0, **more: object
) -> engine.Result:
    ways = more.pop("ways", ((Stage(WholeProgram()),),))
    neural = Neural(Model("stub", script), ways, first, tries, **more)  # type: ignore[arg-type]
    options = engine.Options(let={"n": 300}, seeds=1, level=Level.TESTS, neural=neural, plain=C, repair=repair)
    return engine.translate(text, CUDA, C, file="k.cu", options=options)


def test_a_right_answer_is_the_result_and_says_who_proposed_it() -> None:
    script = Script(fenced(RIGHT))
    result = translated(script)
    assert result.confirmed and result.proposer == "model" and result.road == "neural: whole program, try 1"
    assert len(script.asked) == 1 and result.attempts == ()
    assert "2.0f * a[i]" in result.text and "mine" not in result.text, "what ships is written from what was read"
    assert "k.cu" in result.text


def test_a_wrong_answer_goes_back_with_its_witness() -> None:
    script = Script(fenced(WRONG), fenced(RIGHT))
    result = translated(script)
    assert result.confirmed and result.road == "neural: whole program, try 2"
    (attempt,) = result.attempts
    assert attempt.road == "neural: whole program, try 1" and "equal on tests" in attempt.why
    *_, answer, told = script.asked[1].messages
    assert answer.role == "assistant" and "2.5f" in answer.text
    assert told.role == "user" and "must be" in told.text and "`c[" in told.text and "k.cu" not in told.text
    assert script.asked[1].messages[:2] == script.asked[0].messages


def test_a_wrong_answer_is_repaired_before_another_one_is_asked_for() -> None:
    script = Script(fenced(BEYOND), fenced(RIGHT))
    result = translated(script, repair=60.0)
    assert result.confirmed and result.proposer == "model" and len(script.asked) == 1
    assert result.road == "neural: whole program, try 1, repaired" and result.repairs
    assert result.attempts[0].road == "neural: whole program, try 1", "what was wrong with the answer is kept"
    told = record.of_translation("k.cu", CUDA, result, True)
    assert told["repairs"] == list(result.repairs) and all(r.startswith("repair(line ") for r in result.repairs)
    assert "i < n" in result.text and "i <= n" not in result.text


def test_what_no_repair_reaches_goes_back_with_the_place() -> None:
    bad = RIGHT.replace("c[i] = 2.0f * a[i];", "{ float v = a[i] * a[i] * a[i]; c[i] = v + a[n - 1 - i]; }")
    script = Script(fenced(bad), fenced(RIGHT))
    result = translated(script, repair=0.01)
    assert result.confirmed and result.road == "neural: whole program, try 2"
    assert [a.road for a in result.attempts] == ["neural: whole program, try 1", "neural: whole program, try 1, repair"]
    told = script.asked[1].messages[-1].text
    assert "must be" in told and "answer:" in told and "the original" in told and "k.cu" not in told


def test_rules_are_repaired_before_the_next_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that gets a bound wrong stands for a rule with a mistake."""
    write = engine.write
    monkeypatch.setattr(engine, "write", lambda *a: write(*a).replace("< 300", "< 299"))
    options = engine.Options(let={"n": 300}, seeds=1, level=Level.TESTS, repair=60.0)
    result = engine.translate(GOOD, CUDA, C, file="k.cu", options=options)
    assert result.confirmed and result.road.endswith(", repaired") and result.repairs and result.attempts
    assert result.trace[-1] in result.repairs
    bare = engine.translate(GOOD, CUDA, C, file="k.cu", options=replace(options, repair=0.0))
    assert not bare.confirmed and bare.text == ""


@pytest.mark.parametrize("bad", [WRONG, BEYOND, RIGHT.replace("entry", "entry2").replace("int n", "long n"), RIGHT[:40], ""])
def test_rules_follow_where_no_answer_is_right_and_the_result_says_so(bad: str) -> None:
    result = translated(Script(fenced(bad)), tries=1)
    assert result.confirmed and result.proposer == "rules" and result.road == "scalar loops"
    assert [a.road for a in result.attempts] == ["neural: whole program, try 1"]


@pytest.mark.parametrize("none", [NoProposal("a timeout"), Reply("no", "stop", Use(1, 1)), NoProposal("status 401", final=True)])
def test_no_answer_costs_a_try(none: Answer) -> None:
    script = Script(none, fenced(RIGHT))
    result = translated(script)
    final = isinstance(none, NoProposal) and none.final
    assert result.confirmed and result.proposer == ("rules" if final else "model")
    assert len(script.asked) == (1 if final else 2)
    assert len({r.key for r in script.asked}) == len(script.asked), "a tape tells them apart"


def test_a_model_is_not_asked_where_rules_do() -> None:
    script = Script(fenced(RIGHT))
    result = translated(script, first=False)
    assert result.confirmed and result.proposer == "rules" and script.asked == []


def test_a_model_is_asked_where_rules_have_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> Iterator[to_target.Road]:
        return iter(())

    monkeypatch.setattr(engine, "roads", none)
    monkeypatch.setattr(engine, "unchanged", none)
    assert translated(Script(fenced(RIGHT)), first=False).proposer == "model"
    nothing = translated(Script(fenced(WRONG)), first=False, tries=1)
    assert not nothing.confirmed and nothing.text == "", "nothing that the ladder did not accept"


def test_a_model_is_asked_where_there_is_no_sequential_form(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise Fault("XP3002", "no sequential form of `twice` was found", why="for a test")

    monkeypatch.setattr(engine, "sequential", none)
    result = translated(Script(fenced(RIGHT)), first=False)
    assert result.confirmed and result.proposer == "model" and result.attempts[0].why.endswith("for a test")
    assert not translated(Script(fenced(WRONG)), first=False, tries=1).confirmed


def test_a_spent_budget_ends_the_asking_and_nothing_else() -> None:
    def spent(request: Request) -> Answer:
        raise Fault("XP5003", "the model's budget is spent")

    script = Script(fenced(WRONG), spent)
    result = translated(script, tries=9)
    assert result.confirmed and result.proposer == "rules" and len(script.asked) == 2
    assert "budget" in result.attempts[-1].why


def test_time_ends_the_asking() -> None:
    script = Script(fenced(RIGHT))
    result = translated(script, seconds=0.0)
    assert result.proposer == "rules" and script.asked == [] and "are over" in result.attempts[0].why


def test_passes_are_asked_one_by_one() -> None:
    told: list[str] = []

    def meta(name: str, task: object) -> Meta:
        told.append(name)
        return Meta(f"What {name} does.", knobs=("--loop i",))

    script = Script(fenced(RIGHT))
    ways = ((Stage(PerPass("recover", meta), C), Stage(PerPass("tensorize", meta))),)
    result = translated(script, ways=ways)
    assert result.confirmed and result.road == "neural: pass tensorize, try 1"
    assert told == ["tensorize"], "rules have brought the program down already"
    asked = script.asked[0].messages[-1].text
    assert "What tensorize does." in asked and "--loop i" in asked and "__global__" not in asked


def test_a_pass_goes_on_from_what_was_confirmed_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_road, "pivot_task", lambda *_: None)
    script = Script(fenced(WRONG), fenced(RIGHT), fenced(RIGHT))
    ways = ((Stage(PerPass("recover", lambda n, t: Meta(n)), C), Stage(PerPass("tensorize", lambda n, t: Meta(n)))),)
    result = translated(script, ways=ways)
    assert result.confirmed and result.road == "neural: pass tensorize, try 1" and len(script.asked) == 3
    assert "twice<<<" in script.asked[0].messages[-1].text and "c[i] = 2.0f * a[i]" in script.asked[2].messages[-1].text


def test_every_pass_of_the_road_is_asked_for_and_what_rules_did_is_left_out() -> None:
    """Up to BANG C a loop is bound, and then the instructions are found; each is confirmed before the next."""
    bang = platforms.get("bang")
    assert models.down(CUDA) == ("recover", "contract") and models.up(bang) == ("bind", "tensorize")
    assert models.down(platforms.get("vnni")) == ("detensorize", "contract") and models.up(CUDA) == ("bind",)
    told: list[str] = []

    def meta(name: str, task: Task) -> Meta:
        told.append(f"{name} in {task.source.name}")
        return Meta(name)

    scalar = engine.translate(GOOD, CUDA, bang, options=engine.Options(let={"n": 300}, seeds=1, level=Level.TESTS)).text
    script = Script(fenced(scalar))
    stages = tuple(Stage(PerPass(p, meta), C) for p in models.down(CUDA))
    way = (*stages, Stage(PerPass("bind", meta), bang), Stage(PerPass("tensorize", meta)))
    neural = Neural(Model("stub", script), (way,), True, 1, alone=True)
    options = engine.Options(let={"n": 300}, seeds=1, level=Level.TESTS, neural=neural, plain=C, repair=0.0)
    result = engine.translate(GOOD, CUDA, bang, file="k.cu", options=options)
    assert result.confirmed and result.road == "neural: pass tensorize, try 1"
    assert told == ["bind in c", "tensorize in bang"]


def test_a_model_alone_is_not_followed_by_rules() -> None:
    result = translated(Script(fenced(WRONG)), tries=1, alone=True)
    assert not result.confirmed and result.text == "" and len(result.attempts) == 1


@pytest.mark.slow
def test_what_annotation_found_is_shown() -> None:
    """The manual in every prompt but the zero-shot one; pragmas above the loops of the sequential program."""
    bang = platforms.get("bang")
    shown: list[str] = []
    for way in ((Stage(WholeProgram(lambda task: ())),), (Stage(WholeProgram()),),
                (Stage(PerPass("contract", lambda n, t: Meta(n)), C), Stage(PerPass("tensorize", lambda n, t: Meta(n))))):
        script = Script(fenced("nothing"))
        neural = Neural(Model("stub", script), (way,), True, 1, alone=True, passages=3)
        options = engine.Options(let={"n": 300}, seeds=1, level=Level.TESTS, neural=neural, plain=C, repair=0.0)
        engine.translate(GOOD, CUDA, bang, options=options)
        shown.append(script.asked[0].messages[-1].text)
    few, zero, step = shown
    assert "__bang_mul_scalar" in few and "From the manual of BANG C" in few and "From the manual" not in zero
    assert "__bang_mul_scalar" in step and '#pragma xpiler computes("' in step and "#pragma xpiler" not in few


def test_a_witness_in_words() -> None:
    witness = Witness("differs", seed=1, sizes={"n": 3}, buffer="c", index=2, expected=1.0, actual=2.0, findings=("line 3",))
    told = in_words((Evidence("equal", Refuted(witness)), Evidence("proved", Unknown("no time"))))
    assert "c[2]" in told and "1.0" in told and "n=3" in told and "line 3" in told and "no time" in told
    assert in_words(()) != ""


# ---------------------------------------------------------------- hostile answers


def planted(path: Path) -> dict[str, str]:
    """Right programs that also try something; each would leave a file if it came to that."""
    touch = f'system("touch {path}");'
    return {
        "reads a file": '#include "/etc/passwd"\n' + RIGHT,
        "starts a process": "#include <stdlib.h>\n" + RIGHT.replace("{\n", "{\n  " + touch + "\n", 1),
        "opens a file": "#include <stdio.h>\n" + RIGHT.replace("{\n", f'{{\n  fopen("{path}", "w");\n', 1),
        "forks": "#include <unistd.h>\n" + RIGHT.replace("{\n", "{\n  fork();\n", 1),
        "forks undeclared": 'extern "C" int fork(void);\n' + RIGHT.replace("{\n", "{\n  fork();\n", 1),
        "before main": f"#include <stdlib.h>\nstatic int owned = {touch}\n" + RIGHT,
        "constructor": f"#include <stdlib.h>\n__attribute__((constructor)) static void own() {{ {touch} }}\n" + RIGHT,
        "another function": f"#include <stdlib.h>\nstatic void own() {{ {touch} }}\n" + RIGHT,
        "assembly": 'asm(".incbin \\"/etc/passwd\\"");\n' + RIGHT,
        "for other compilers": f"#include <stdlib.h>\n#ifdef __NVCC__\nstatic int owned = {touch}\n#endif\n" + RIGHT,
        "in a macro": f"#include <stdlib.h>\n#define float int x = {touch}\n" + RIGHT,
    }


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", planted(Path("x")))
def test_an_answer_that_tries_more_gains_nothing(name: str, tmp_path: Path) -> None:
    mark = tmp_path / "owned"
    script = Script(fenced(planted(mark)[name]))
    result = translated(script, tries=1)
    assert result.confirmed, "the rules, or what is left of the answer"
    assert not mark.exists()
    for word in ("system", "touch", "fopen", "fork", "include \"", "asm", "passwd", "constructor", "NVCC", "stdlib"):
        assert word not in result.text, "nothing of it is in what ships"
    seen = " ".join(m.text for r in script.asked for m in r.messages)
    assert "root:" not in seen


@pytest.mark.slow
def test_an_answer_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "Effort", partial(Effort, limits=Limits(seconds=3.0)))
    forever = "while (n > 0) { c[0] += 1.0f; }"
    result = translated(Script(fenced(RIGHT.replace("{\n", "{\n  " + forever + "\n", 1))), tries=1)
    assert result.confirmed and result.proposer == "rules"


@pytest.mark.parametrize("text", [
    "template <int N> struct S { S<N + 1> s; }; S<0> s;\n" + RIGHT,  # a bomb of templates
    "#define A B B B B B B B B\n#define B D D D D D D D D\n#define D E E E E E E E E\n#define E F F F F F F F F\n"
    "#define F G G G G G G G G\n#define G H H H H H H H H\n#define H +1\nint x = 0 A A A;\n" + RIGHT,  # of macros
    "int x = " + "(" * 20_000 + "1" + ")" * 20_000 + ";\n" + RIGHT,
])
def test_an_answer_that_breaks_the_parser_costs_its_seconds(text: str) -> None:
    with pytest.raises(NotRestated):
        restated(text + " = ", C, seconds=3.0)


TAKEN_OVER = """\
import json, os, socket
def tries(what):
    try:
        what()
    except OSError:
        return "no"
    return "yes"
told = [
    tries(lambda: open("SECRET").read()), tries(lambda: open("/etc/passwd").read()), tries(lambda: open("SECRET", "w")),
    tries(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).connect(("127.0.0.1", PORT))),
    tries(lambda: open("told.json", "w").close()), str(dict(os.environ)),
]
open("told.json", "w").write(json.dumps({"why": repr(told)}))
"""


@pytest.mark.skipif(bool(weaknesses()), reason="; ".join(weaknesses()))
def test_a_parser_that_was_taken_over_reaches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("mine")
    monkeypatch.setenv("XPILER_API_KEY", "sk-0123456789abcdef")
    with serving(code(RIGHT)) as stub:
        port = stub.url.split(":")[2].removesuffix("/v1")
        evil = TAKEN_OVER.replace("SECRET", str(tmp_path / "secret")).replace("PORT", port)
        monkeypatch.setattr("xpiler.emulate.restated._START", evil)
        with pytest.raises(NotRestated) as found:
            restated(RIGHT, C)
    told = str(found.value)
    assert told.startswith("['no', 'no', 'no', 'no', 'yes', ") and "sk-0" not in told, told
    assert (tmp_path / "secret").read_text() == "mine"


def test_what_is_restated_holds_nothing_that_was_not_read() -> None:
    text = "// a comment\n#define TWICE 2.0f\nstatic int unused() { return 7; }\n" + RIGHT.replace("2.0f", "TWICE")
    out = restated(text, C, origin="k.cu")
    assert "k.cu" in out and "2.0f" in out
    for word in ("comment", "TWICE", "unused", "mine"):
        assert word not in out
    with pytest.raises(NotRestated, match="XP1"):
        restated("int main() { return 0; }", C)


# ---------------------------------------------------------------- the command


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("XPILER_MODEL", "XPILER_BASE_URL", "OPENAI_BASE_URL", "XPILER_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-0123456789abcdef")
    (tmp_path / "k.cu").write_text(GOOD)
    return tmp_path


def command(*words: str) -> int:
    with pytest.raises(SystemExit) as left:
        cli.main(["translate", "k.cu", "--to", "c", "--let", "n=300", "--seeds", "1", "--evidence", "tests", *words])
    return int(str(left.value.code))


def asking(stub: Stub) -> list[str]:
    return ["--proposer", "neural", "--ask", "zero-shot", "--model", "small", "--base-url", stub.url]


@pytest.mark.slow
def test_a_translation_by_a_model_is_recorded_and_replayed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(completion("no"), code(WRONG), code(RIGHT)) as stub:
        assert command(*asking(stub), "--repair", "0", "--tape", "tape.jsonl", "-o", "a.c", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["proposer"] == "model" and told["road"] == "neural: whole program, try 3"
    assert [a["road"].partition("try ")[2] for a in told["attempts"]] == ["1", "2"]
    assert len(stub.asked) == 3 == len((folder / "tape.jsonl").read_text().splitlines())
    assert "0123456789abcdef" not in (folder / "tape.jsonl").read_text()
    assert stub.headers[0]["authorization"] == "Bearer sk-0123456789abcdef"
    again = ["--proposer", "neural", "--ask", "zero-shot", "--model", "small", "--repair", "0", "--replay", "tape.jsonl"]
    assert command(*again, "-o", "b.c") == 0
    said = capsys.readouterr().err
    assert "proposed by: neural: whole program, try 3" in said and "tried neural: whole program, try 1" in said
    assert (folder / "a.c").read_text() == (folder / "b.c").read_text()


def test_a_budget_holds_in_the_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(replace(code(WRONG))) as stub:
        assert command(*asking(stub), "--repair", "0", "--tokens", "12000", "--tries", "5") == 0
    said = capsys.readouterr().err
    assert "budget of 12000 tokens is spent" in said and "proposed by: rules (scalar loops)" in said
    assert 1 <= len(stub.asked) < 5


def test_the_environment_names_the_model(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(code(RIGHT)) as stub:
        monkeypatch.setenv("XPILER_BASE_URL", stub.url)
        monkeypatch.setenv("XPILER_MODEL", "large")
        monkeypatch.setenv("XPILER_API_KEY", "own-key-for-this")
        assert command("--proposer", "neural", "--ask", "zero-shot") == 0
    assert stub.asked[0]["model"] == "large" and stub.headers[0]["authorization"] == "Bearer own-key-for-this"


def test_an_endpoint_that_is_not_there_costs_the_tries(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(Said(b"", status=401)) as stub:
        assert command(*asking(stub)) == 0
    assert "status 401" in capsys.readouterr().err and len(stub.asked) == 1


@pytest.mark.parametrize(("words", "code"), [
    (["--proposer", "magic"], "XP3004"), (["--proposer", "neural"], "XP5002"),
    (["--proposer", "neural", "--model", "m"], "XP5002"), (["--proposer", "auto", "--model", "m", "--ask", "nicely"], "XP3004"),
    (["--proposer", "neural", "--model", "m", "--base-url", "nowhere"], "XP5002"),
    (["--proposer", "neural", "--model", "m", "--base-url", "http://x", "--money", "1"], "XP5002"),
    (["--proposer", "neural", "--model", "m", "--base-url", "http://x", "--price", "a,b"], "XP5002"),
    (["--proposer", "neural", "--model", "m", "--replay", "absent"], "XP1020"),
    (["--proposer", "neural", "--model", "m", "--replay", "k.cu"], "XP5004"),
    (["--proposer", "neural", "--model", "m", "--base-url", "http://x", "--tape", "no/such/t"], "XP3010"),
])
def test_slips_in_the_settings(folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: str) -> None:
    assert command(*words) == 2
    assert f"[{code}]" in capsys.readouterr().err


def test_a_prompt_can_be_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, expected in (
        (["whole", "k.cu", "--to", "bang", "--shots", "0"], ["twice<<<", "extern \"C\" void entry(const float* a, float* c, int n);"]),
        (["split", "k.cu", "--to", "c", "--shots", "0"], ["Loop split", "for io in", "--factor", "--loop", "twice<<<"]),
    ):
        cli.app(["prompt", *words], standalone_mode=False)
        said = capsys.readouterr().out
        assert [w for w in expected if w not in said] == [] and "[system]" in said
    with pytest.raises(SystemExit):
        cli.main(["prompt", "blend", "k.cu", "--to", "c"])
    assert "no pass `blend`" in capsys.readouterr().err


@pytest.mark.slow
def test_examples_are_made_and_judged_by_our_own_passes(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cli.app(["prompt", "whole", "k.cu", "--to", "c"], standalone_mode=False)
    assert "Example, in CUDA C:" in capsys.readouterr().out
    cli.app(["prompt", "split", "k.cu", "--to", "c", "--json"], standalone_mode=False)
    told = json.loads(capsys.readouterr().out)
    assert "after split --loop" in told["messages"][1]["content"] and told["versions"]["pass"] >= 1

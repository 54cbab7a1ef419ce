"""Which text is tried next: a function of the seed, the number of the case, and the corpus."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

from fuzz.grammar import SUFFIXES, make
from fuzz.mutate import mutate

EXAMPLES = Path(__file__).parent.parent / "examples"


@dataclass(frozen=True)
class Case:
    """A file to try, and what its launch is given where its own host code does not say."""

    text: str
    suffix: str

    def write(self, file: Path) -> None:
        """Byte for byte: line ends and characters that are none are what some cases are about."""
        file.write_bytes(self.text.encode(errors="surrogatepass"))

    @property
    def dialect(self) -> str:
        return next(d for d, s in SUFFIXES.items() if s == self.suffix)

    @property
    def geometry(self) -> tuple[str, ...]:
        """Options of the command line for kernels that nothing launches."""
        match self.dialect:
            case "cuda" | "hip":
                return ("--grid", "4", "--block", "64")
            case "bang":
                return ("--tasks", "4")
        return ()


def load(file: Path) -> Case:
    """A case from a file."""
    return Case(file.read_bytes().decode(errors="surrogatepass"), file.suffix)


@dataclass
class Corpus:
    """Texts to start from: the examples, and what a campaign found to be new."""

    folder: Path
    cases: list[Case]

    def add(self, number: int, case: Case) -> None:
        """Keep a text whose outcome nothing before it had."""
        case.write(self.folder / f"{number:08d}{case.suffix}")
        self.cases.append(case)


def corpus(folder: Path) -> Corpus:
    """The examples and the texts in `folder`, in a fixed order."""
    folder.mkdir(parents=True, exist_ok=True)
    files = sorted(EXAMPLES.iterdir()) + sorted(folder.iterdir())
    known = [f for f in files if f.suffix in SUFFIXES.values()]
    return Corpus(folder, [load(f) for f in known])


def case(seed: int, number: int, known: Corpus) -> Case:
    """Case `number` of a campaign: from the grammar, a change of a text of the corpus, or a change of a made one."""
    rng = Random(f"{seed} {number}")
    others = [c.text for c in known.cases]
    match rng.randrange(10):
        case 0 | 1 | 2 | 3:
            return Case(*make(rng))
        case 4:
            text, suffix = make(rng)
            return Case(mutate(rng, text, others), suffix)
        case _:
            start = rng.choice(known.cases)
            return Case(mutate(rng, start.text, others), start.suffix)

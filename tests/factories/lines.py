"""Lines of a transcript as the machine makes them, for property tests."""

from hypothesis import strategies as st

from court.lines import Line, Word

TOKENS = st.sampled_from(["суд", "Суд,", "да", "нет", "ёлка", "елка", "—", "өкүл", "қорғаушы", "слово-слово", "3/26"])


@st.composite
def machine_lines(draw: st.DrawFn, least: int = 0, most: int = 12, start: int = 0, id: str = "1") -> Line:
    """Words in order of their beginnings, inside the line; they may overlap, touch and be of no length."""
    begin = start + draw(st.integers(0, 5_000))
    tokens = draw(st.lists(TOKENS, min_size=least, max_size=most))
    words, at, reached = [], begin, begin
    for token in tokens:
        at += draw(st.integers(0, 800))
        end = at + draw(st.integers(0, 900))
        reached = max(reached, end)
        words.append(Word(token, at, end, draw(st.integers(0, 1000)) / 1000))
    return Line(
        id=id, track="mic-judge", role="judge", start_ms=begin, end_ms=reached + draw(st.integers(0, 500)),
        text=" ".join(tokens), words=tuple(words), language="ru", flags=("low_probability",),
    )  # fmt: skip


@st.composite
def transcripts(draw: st.DrawFn, most: int = 5) -> list[Line]:
    """Several, one after the other."""
    made: list[Line] = []
    for number in range(draw(st.integers(1, most))):
        made.append(draw(machine_lines(start=made[-1].end_ms if made else 0, id=str(number + 1))))
    return made

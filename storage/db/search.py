"""Where words stand in the transcripts: an index of folded words, SQLite's FTS5 or PostgreSQL's text search.

Both are given words that were folded here and take them as they are, each as the beginning of a word. So they find the
same, and Kyrgyz and Kazakh, for which neither has a dictionary, are found as Russian is.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, delete, false, func, literal_column, select, text
from sqlalchemy.orm import Session

from court.folding import folded, folded_words
from storage.db.models import LineWords

MOST_WORDS = 20
"""Of a question; more make no answer better."""


class Search:
    """The index inside one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, recording: str, lines: Iterable[tuple[str, str]]) -> None:
        """Has lines found, given as id and text."""
        self._session.add_all([LineWords(hearing_id=recording, line=line, words=folded(said)) for line, said in lines])
        self._session.flush()

    def forget(self, recording: str, lines: Sequence[str]) -> None:
        self._session.execute(delete(LineWords).where(LineWords.hearing_id == recording, LineWords.line.in_(lines)))

    def recordings(self, query: str) -> set[str]:
        """The recordings that have a line with all words of the query; none for a query without words."""
        return set(self._session.scalars(select(LineWords.hearing_id).where(self._holds(query)).distinct()))

    def lines(self, recording: str, query: str) -> set[str]:
        """The ids of such lines of a recording; some may be of another version, or not stand there any more."""
        found = select(LineWords.line).where(LineWords.hearing_id == recording, self._holds(query))
        return set(self._session.scalars(found))

    def _holds(self, query: str) -> ColumnElement[bool]:
        words = list(dict.fromkeys(folded_words(query)))[:MOST_WORDS]
        if not words:
            return false()
        if self._session.get_bind().dialect.name == "sqlite":
            wanted = " ".join(f'"{one}"*' for one in words)
            rows = text("SELECT rowid FROM line_words_index WHERE line_words_index MATCH :wanted")
            return LineWords.id.in_(rows.bindparams(wanted=wanted).columns(LineWords.id))
        wanted = " & ".join(f"{one}:*" for one in words)
        simple: ColumnElement[str] = literal_column("'simple'")
        vector = func.to_tsvector(simple, LineWords.words)
        return vector.bool_op("@@")(func.to_tsquery(simple, wanted))

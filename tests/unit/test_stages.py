"""Stages of a hearing from notes and from speech: what may be proposed, said by whom, and what a person made of it."""

import pytest

from court.hearing import HearingState
from court.notes import Note, NoteTemplate
from court.people import CourtRole
from court.stages import StageDecision, StageKind
from protocol.cue import Cue, Phrase, sentences
from protocol.cues import load_cues
from protocol.facts import Stage, Standing, StateChange, Utterance
from protocol.stages import SLACK_SECONDS, TOGETHER_SECONDS, stages

JUDGE, CLAIMANT, DEFENCE = CourtRole.JUDGE, CourtRole.CLAIMANT, CourtRole.DEFENCE
OPENS = "Судебное заседание объявляется открытым."
ASKS = "Ходатайствую о вызове свидетеля."
RETIRES = "Суд удаляется в совещательную комнату."
PLEADS = "Суд переходит к судебным прениям."


def said(at: float, role: CourtRole | None, text: str, *flags: str, language: str = "ru") -> Utterance:
    return Utterance("mic", role, at, at + 3.0, text, flags, language=language)


def heard(
    *utterances: Utterance, notes: tuple[Note, ...] = (), states: tuple[StateChange, ...] = (),
    decisions: tuple[StageDecision, ...] = (),
) -> list[Stage]:  # fmt: skip
    return stages(notes, states, utterances, load_cues(), "ru", decisions)


def kinds(found: list[Stage]) -> list[str]:
    return [one.kind.value for one in found]


def test_a_note_is_certain_and_what_is_heard_a_proposal_with_its_sentence() -> None:
    noted, proposed = heard(
        said(10.0, JUDGE, "Тишина. " + OPENS),
        said(300.0, DEFENCE, f"Уважаемый суд. {ASKS} Спасибо."),
        notes=(Note(9.0, NoteTemplate.OPENING, "Открыто"),),
    )
    assert noted == Stage(StageKind.OPENING, 9.0, "note:1", "Открыто", Standing.CERTAIN)
    assert proposed == Stage(StageKind.MOTION, 300.0, "utterance:2", ASKS, Standing.PROPOSED)


def test_doubtful_words_give_a_doubtful_proposal() -> None:
    [one] = heard(said(10.0, JUDGE, OPENS, "low_probability"))
    assert one.doubtful
    assert one.standing is Standing.PROPOSED


def test_a_deliberation_that_was_declared_is_not_proposed_again() -> None:
    found = heard(said(100.0, JUDGE, RETIRES), states=(StateChange(110.0, HearingState.DELIBERATION),))
    assert [(one.evidence, one.standing) for one in found] == [("state:1", Standing.CERTAIN)]


@pytest.mark.parametrize("role", [one for one in CourtRole if one is not JUDGE] + [None])
def test_only_the_judge_opens_rules_and_retires(role: CourtRole | None) -> None:
    texts = (OPENS, "Суд определил: ходатайство удовлетворить.", RETIRES)
    assert not heard(*(said(200.0 * n, role, text) for n, text in enumerate(texts)))
    assert kinds(heard(*(said(200.0 * n, JUDGE, text) for n, text in enumerate(texts)))) == [
        "opening", "ruling", "deliberation",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("role", "text"),
    [
        (JUDGE, "Ходатайства есть?"),
        (CLAIMANT, "Нет, ходатайств не имею."),
        (CLAIMANT, "Ходатайств нет."),
        (CLAIMANT, "Поддерживаю заявленное ходатайство."),
        (CLAIMANT, "Возражаю против ходатайства об отложении."),
        (CLAIMANT, "Прошу суд удалиться в совещательную комнату."),
        (CLAIMANT, "Он крикнул: «Ходатайствую о перерыве» и ушёл."),
        (JUDGE, "После прений суд удаляется в совещательную комнату."),
        (JUDGE, "Свидетели удаляются из зала."),
        (JUDGE, "Готовы ли стороны перейти к прениям"),
        (JUDGE, "Прения окончены."),
        (JUDGE, "Судебное заседание объявляется закрытым."),
        (JUDGE, "Объявляется перерыв до оглашения решения."),
        (JUDGE, "Решение может быть обжаловано в течение месяца."),
        (JUDGE, "Суд, рассмотрев дело в открытом судебном заседании."),
        (JUDGE, "Свидетель не явился, будет вызван."),
        (JUDGE, "Вы имеете право на последнее слово."),
    ],
)
def test_what_only_sounds_like_a_stage_is_none(role: CourtRole, text: str) -> None:
    assert heard(said(100.0, role, text)) == []


def test_sentences_close_together_are_one_stage_and_far_apart_two() -> None:
    near = said(10.0 + TOGETHER_SECONDS, DEFENCE, ASKS)
    assert kinds(heard(said(10.0, DEFENCE, ASKS), near)) == ["motion"]
    assert kinds(heard(said(10.0, DEFENCE, ASKS), said(11.0 + TOGETHER_SECONDS, DEFENCE, ASKS))) == ["motion"] * 2
    assert kinds(heard(said(10.0, DEFENCE, ASKS), said(40.0, CLAIMANT, ASKS))) == ["motion"] * 2
    ruling = said(30.0, JUDGE, "Ходатайство отклоняется.")
    assert kinds(heard(said(10.0, DEFENCE, ASKS), ruling, said(50.0, DEFENCE, ASKS))) == ["motion", "ruling", "motion"]


def test_what_does_not_fit_the_order_of_a_hearing_is_left_out() -> None:
    early = said(60.0, JUDGE, PLEADS)
    course = (
        said(10.0, JUDGE, OPENS),
        said(300.0, JUDGE, "Слово для пояснений предоставляется истцу."),
        said(600.0, JUDGE, "Исследуются письменные доказательства."),
        said(900.0, JUDGE, PLEADS),
    )
    found = heard(early, *course)
    assert [(one.kind.value, one.at) for one in found] == [
        ("opening", 10.0), ("examination", 300.0), ("documents", 600.0), ("pleadings", 900.0),
    ]  # fmt: skip
    prayer = said(950.0, DEFENCE, "Прошу приобщить характеристику.")
    assert "motion" not in kinds(heard(*course, prayer)), "what is asked for in the pleadings"
    assert "motion" in kinds(heard(*course[:3], prayer))


def test_a_note_decides_on_the_order() -> None:
    noted = (Note(60.0, NoteTemplate.PLEADINGS, ""),)
    later = [said(100.0 + 200 * n, JUDGE, "Слово для пояснений предоставляется истцу.") for n in range(3)]
    assert kinds(heard(*later, notes=noted)) == ["pleadings"]


def test_the_language_of_the_words_is_asked_before_that_of_the_hearing() -> None:
    opening = "Сот отуруму ачык деп жарыяланат."
    assert kinds(heard(said(1.0, JUDGE, opening, language="ky"))) == ["opening"]
    assert heard(said(1.0, JUDGE, opening)) == []
    assert kinds(heard(said(1.0, JUDGE, OPENS, language=""))) == ["opening"]


def test_a_decision_holds_for_the_kind_and_the_moment() -> None:
    words = (said(10.0, JUDGE, OPENS), said(300.0, DEFENCE, ASKS))
    refused = StageDecision(StageKind.MOTION, 300.0, False, "Айжамал")
    [opening, motion] = heard(*words, decisions=(refused,))
    assert (opening.standing, motion.standing, motion.by) == (Standing.PROPOSED, Standing.REFUSED, "Айжамал")
    changed = (refused, StageDecision(StageKind.MOTION, 300.0, True, "Бакыт"))
    assert [(one.standing, one.by) for one in heard(*words, decisions=changed)][1] == (Standing.ACCEPTED, "Бакыт")
    elsewhere = StageDecision(StageKind.MOTION, 301.0 + SLACK_SECONDS, False, "")
    assert heard(*words, decisions=(elsewhere,))[1].standing is Standing.PROPOSED


def test_a_decision_survives_another_version_of_the_transcript() -> None:
    decisions = (StageDecision(StageKind.MOTION, 300.0, True, "Айжамал"),)
    moved = heard(said(294.0, DEFENCE, "Защита. " + ASKS), decisions=decisions)
    assert [(one.at, one.standing) for one in moved] == [(294.0, Standing.ACCEPTED)]
    [misheard] = heard(said(302.0, DEFENCE, "Ходит о вызове."), decisions=decisions)
    assert (misheard.at, misheard.evidence, misheard.quote) == (300.0, "utterance:1", "Ходит о вызове.")
    [silent] = heard(decisions=decisions)
    assert (silent.at, silent.evidence, silent.quote, silent.by) == (300.0, "stage:0", "", "Айжамал")
    refused = (*decisions, StageDecision(StageKind.MOTION, 300.0, False, "Айжамал"))
    assert heard(decisions=refused) == []
    note = (Note(310.0, NoteTemplate.MOTION, ""),)
    assert [one.standing for one in heard(notes=note, decisions=decisions)] == [Standing.CERTAIN], "it came late"


def test_what_was_accepted_decides_on_the_order_and_what_was_refused_makes_room() -> None:
    early, late = said(60.0, JUDGE, PLEADS), said(900.0, JUDGE, PLEADS)
    accepted = StageDecision(StageKind.PLEADINGS, 900.0, True, "")
    assert [(one.at, one.standing) for one in heard(early, late, decisions=(accepted,))] == [(900.0, Standing.ACCEPTED)]
    refused = StageDecision(StageKind.PLEADINGS, 60.0, False, "")
    found = [(one.at, one.standing) for one in heard(early, late, decisions=(refused,))]
    assert found == [(60.0, Standing.REFUSED), (900.0, Standing.PROPOSED)]


def test_an_initial_ends_no_sentence_and_a_quotation_is_left_out() -> None:
    found = sentences("Слово истцу Садыковой А. М. предоставлено. Он сказал: «Прошу! Да.» Так?")
    assert [one.text for one in found] == [
        "Слово истцу Садыковой А. М. предоставлено.",
        "Он сказал: «Прошу! Да.» Так?",
    ]
    assert found[1].words == ("он", "сказал", "так")
    assert [one.question for one in found] == [False, True]


def test_a_phrase_is_its_words_close_together_in_any_order() -> None:
    phrase = Phrase.parse("заседани открыт|открыва нет.")
    assert phrase.stands_in(("нет", "открытое", "заседание"), 0)
    assert not phrase.stands_in(("нетто", "открытое", "заседание"), 0)
    assert not phrase.stands_in(("нет", "а", "открытое", "заседание"), 0)
    assert phrase.stands_in(("нет", "а", "открытое", "заседание"), 1)


def test_every_language_has_cues_for_every_stage_and_none_forbids_itself() -> None:
    for language, cues in load_cues().items():
        assert list(cues) == list(StageKind), language
        for kind, cue in cues.items():
            assert isinstance(cue, Cue)
            for phrase in cue.says:
                bare = tuple((*one.beginnings, *one.whole)[0] for one in phrase.slots)
                assert not any(one.stands_in(bare, 0) for one in cue.never), (language, kind, phrase)

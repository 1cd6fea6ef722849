"""Short hearings of each kind in each language, as the protocol's draft sees them: a fault in each."""

from dataclasses import replace

from court.card import HearingCard, Procedure
from court.hearing import HearingState
from court.notes import Note, NoteTemplate
from court.people import CourtRole
from court.timeline import GapCause
from protocol.facts import HearingFacts, StateChange
from tests.factories.protocol import LENGTH, said, with_outage

_PLACES = {
    "ru": ("Первомайский районный суд", "г. Бишкек, зал № 1"),
    "ky": ("Биринчи Май райондук соту", "Бишкек ш., № 1 зал"),
    "kk": ("Алматы қаласының аудандық соты", "Алматы қ., № 1 зал"),
    "en": ("Pervomaysky District Court", "Bishkek, courtroom No. 1"),
}
_NAMES = {
    "ru": ("Асанов Б. Т.", "Иманова А. К.", "Садыкова А. М.", "Нурланов Е. С.", "Жумабаев Т. О."),
    "en": ("Asanov B. T.", "Imanova A. K.", "Sadykova A. M.", "Nurlanov E. S.", "Zhumabaev T. O."),
}
_TITLES = {
    Procedure.CIVIL: {
        "ru": "Дело по иску Садыковой А. М. к Нурланову Е. С. о взыскании долга",
        "ky": "А. М. Садыкованын Е. С. Нурлановго карызды өндүрүү жөнүндө доо арызы боюнча иш",
        "kk": "А. М. Садықованың Е. С. Нұрлановқа борышты өндіру туралы талап арызы бойынша іс",
        "en": "Sadykova A. M. v. Nurlanov E. S., recovery of a debt",
    },
    Procedure.CRIMINAL: {
        "ru": "Уголовное дело по обвинению Нурланова Е. С. в краже",
        "ky": "Е. С. Нурлановду уурулук боюнча айыптоо жөнүндө кылмыш иши",
        "kk": "Е. С. Нұрлановты ұрлық жасады деп айыптау туралы қылмыстық іс",
        "en": "Criminal case against Nurlanov E. S., theft",
    },
    Procedure.ADMINISTRATIVE: {
        "ru": "Дело в отношении Нурланова Е. С. о нарушении правил дорожного движения",
        "ky": "Е. С. Нурлановдун жол кыймылынын эрежелерин бузганы жөнүндө иш",
        "kk": "Е. С. Нұрлановтың жол жүрісі қағидаларын бұзғаны туралы іс",
        "en": "Case of Nurlanov E. S., breach of the traffic rules",
    },
}
_NOTES = {
    "ru": (
        "о приобщении расписки",
        "приобщить",
        "свидетель Жумабаев Т. О.",
        "расписка, л. д. 12",
        "30 дней на обжалование",
    ),
    "ky": (
        "тил катты тиркөө жөнүндө",
        "тиркелсин",
        "күбө Т. О. Жумабаев",
        "тил кат, 12-барак",
        "даттануу мөөнөтү 30 күн",
    ),
    "kk": (
        "қолхатты қоса тіркеу туралы",
        "қоса тіркелсін",
        "куә Т. О. Жұмабаев",
        "қолхат, 12-парақ",
        "шағымдану мерзімі 30 күн",
    ),
    "en": (
        "to add the receipt to the file",
        "granted",
        "witness Zhumabaev T. O.",
        "receipt, sheet 12",
        "30 days for an appeal",
    ),
}
_SPOKEN = {
    "ru": (
        "Судебное заседание объявляется открытым.",
        "Ведётся аудиозапись.",
        "Я видел, как он писал расписку.",
        "Решение оглашено.",
    ),
    "ky": (
        "Сот отуруму ачык деп жарыяланат.",
        "Аудио жазуу жүрүп жатат.",
        "Ал тил катты жазганын көрдүм.",
        "Чечим жарыяланды.",
    ),
    "kk": (
        "Сот отырысы ашық деп жарияланады.",
        "Аудиожазба жүргізілуде.",
        "Оның қолхат жазғанын көрдім.",
        "Шешім жария етілді.",
    ),
    "en": (
        "The hearing is opened.",
        "An audio recording is made.",
        "I saw him write the receipt.",
        "The decision is announced.",
    ),
}
_SIDES = {
    Procedure.CIVIL: ("claimant", "respondent"),
    Procedure.CRIMINAL: ("prosecutor", "defendant"),
    Procedure.ADMINISTRATIVE: ("victim", "defendant"),
}


def hearing_of(procedure: Procedure, language: str) -> HearingFacts:
    """Motion, ruling, a witness, a document, a deliberation; three seconds of a microphone are lost."""
    court, place = _PLACES[language]
    first, second = _SIDES[procedure]
    judge, secretary, one, other, third = _NAMES["en" if language == "en" else "ru"]
    people = ((first, one, True), (second, other, True), ("witness", third, True))
    card = HearingCard.parse(
        {
            "case_number": {"civil": "ГД 4405/24-Б2", "criminal": "05-354/26-УД"}.get(procedure, "АП 118/26"),
            "case_title": _TITLES[procedure][language], "language": language, "court": court, "place": place,
            "judge": judge, "secretary": secretary, "procedure": procedure.value,
            "participants": [{"role": role, "name": name, "present": present} for role, name, present in people],
        }
    )  # fmt: skip
    motion, ruling, witness, document, announced = _NOTES[language]
    opening, recording, seen, decided = _SPOKEN[language]
    whole = with_outage(40.0, 43.0, GapCause.DEVICE_LOST, "hw:1: No such device")
    return replace(
        whole,
        card=card,
        notes=(
            Note(2.0, NoteTemplate.OPENING, ""),
            Note(9.0, NoteTemplate.RECORDING_ANNOUNCED, ""),
            Note(14.0, NoteTemplate.RIGHTS, ""),
            Note(20.0, NoteTemplate.MOTION, motion),
            Note(26.0, NoteTemplate.RULING, ruling),
            Note(30.0, NoteTemplate.EXAMINATION, witness),
            Note(72.0, NoteTemplate.DOCUMENTS, document),
            Note(76.0, NoteTemplate.PLEADINGS, ""),
            Note(104.0, NoteTemplate.ANNOUNCEMENT, announced),
            Note(112.0, NoteTemplate.CLOSING, ""),
        ),
        states=(
            *whole.states[:3],
            StateChange(84.0, HearingState.DELIBERATION),
            StateChange(96.0, HearingState.RECORDING),
            StateChange(LENGTH, HearingState.ENDED),
        ),
        utterances=(
            said(CourtRole.JUDGE, 2.5, opening),
            said(CourtRole.JUDGE, 9.5, recording),
            said(CourtRole.WITNESS, 34.0, seen, "low_confidence"),
            said(CourtRole.JUDGE, 105.0, decided),
        ),
    )

"""What the server's pages say besides the field's terms (court/labels.py), and the tone in which a state is shown."""

from court.catalogue import N_

DOUBTS = {
    "unrecognised": N_("There was speech, but nothing was recognised"),
    "repetition": N_("The same words repeat suspiciously"),
    "compressible": N_("The text is suspiciously uniform"),
    "too_fast": N_("More words than can be spoken in this time"),
    "silence_phrase": N_("A phrase that machines invent in silence"),
    "no_speech": N_("Perhaps no speech"),
    "low_probability": N_("Recognised with little certainty"),
    "cut_word": N_("A word may have been cut off"),
    "language_doubtful": N_("The language is not certain"),
    "no_recogniser": N_("Perhaps in a language that nothing here recognises"),
}

# What the console says of the live text; `on` needs no words.
LIVE_STATES = {
    "off": N_(
        "Live text is off: the program that recognises speech during the hearing does not run. The recording "
        "and its transcript do not depend on it."
    ),
    "no_model": N_(
        "There is no live text: no model for the hearing's language is installed for it. The recording and "
        "its transcript do not depend on it."
    ),
    "late": N_("Live text waits: the line is needed for the recording."),
}

# Why a part of a recording has no text (storage.db.work); what is not here is told in the program's own words.
FAILURES = {
    "no_recogniser": N_("This court has no recogniser for the language of the hearing."),
    "worker_died": N_("The program was ended at every attempt while it worked on this part: it may want more memory."),
    "unreadable": N_("What was recorded here is not sound that can be read."),
    "altered": N_("The store does not give the file that was recorded: have it checked and repaired."),
}

# What the public verification says a hash belongs to.
OBJECT_KINDS = {
    "segment": N_("Segment of a recording"),
    "protocol draft": N_("Draft protocol, unsigned"),
    "signed protocol": N_("Signed protocol"),
}

# Sentences that reach pages from elsewhere in the server; marked here, so that the catalogues hold them.
N_("Your role does not include this.")
N_("The court has not opened this hearing to you.")
N_("This part of the hearing is closed: it can be seen and heard at the court only.")
N_("This hearing is closed: parties may get acquainted with it at the court but receive no copy.")
N_("Log in first.")
N_("The login or the password is wrong.")
N_("This form is no longer valid: reload the page and send it again.")
N_("There is no such hearing.")
N_("The server failed unexpectedly; the operator finds the reason in its log.")
N_("There is no protocol of this hearing yet.")
N_(
    "The transcript, the stages or the attendance were corrected after this draft was drawn up: it is drawn up anew "
    "within two minutes; look at it, then sign."
)
N_(
    "The draft holds stages that the program heard and nobody has decided on: accept or refuse each of them, look at "
    "the new draft, then sign."
)
N_("Give both moments as on the player's clock: hours:minutes:seconds.")
N_("While the hearing lasts it is closed and opened in the court-room.")
N_("While the hearing lasts its first transcript is being made: ask for another one afterwards.")
N_("There is no sound of this hearing to transcribe.")
N_("This version of the transcript is still being made: choose it when it is complete.")
N_("There is no such version of the transcript.")

TITLES = {
    401: N_("Log in"),
    403: N_("Not allowed"),
    404: N_("Not found"),
    409: N_("Not possible now"),
    410: N_("Destroyed by act"),
    422: N_("Something is missing"),
    429: N_("Too many attempts"),
}
OTHER_TITLE = N_("Something went wrong")

_TONES = {
    "recording": "bad",
    "paused": "warn",
    "deliberation": "warn",
    "draft": "accent",
    "under_correction": "accent",
    "signed": "good",
    "remarks_window": "accent",
    "final": "good",
    "not_recorded": "warn",
}


def tone(state: str) -> str:
    """The badge's tone for a state of a hearing or protocol; empty is neutral."""
    return _TONES.get(state, "")

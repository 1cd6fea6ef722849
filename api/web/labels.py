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

# What a person did to a line of the transcript.
DEEDS = {
    "text": N_("Text corrected"),
    "speaker": N_("Speaker changed"),
    "split": N_("Split in two"),
    "merge": N_("Joined to the line above"),
    "confirm": N_("Confirmed as right"),
    "undo": N_("Correction undone"),
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

# What a remark is against, what was done with it, and what can be.
REMARKS = {
    "against_protocol": N_("The protocol"),
    "against_recording": N_("The recording"),
    "remark_admit": N_("Let in though late"),
    "remark_return": N_("Returned: too late"),
    "remark_accept": N_("Accepted"),
    "remark_reject": N_("Rejected"),
    "remark_withdraw": N_("Withdrawn"),
    "do_admit": N_("Let it in"),
    "do_return": N_("Return it"),
    "do_accept": N_("Accept"),
    "do_reject": N_("Reject"),
    "do_withdraw": N_("Withdraw"),
}

# Why an item stands on the board of deadlines.
DUES = {
    "draft": N_("The draft is to be drawn up"),
    "signature": N_("The protocol is to be signed"),
    "remarks": N_("Remarks may be made"),
    "decision": N_("Remarks are to be decided"),
}

# What the public verification says a hash belongs to.
OBJECT_KINDS = {
    "segment": N_("Segment of a recording"),
    "protocol draft": N_("Draft protocol, unsigned"),
    "signed protocol": N_("Signed protocol"),
    "copy": N_("File of a copy that the court handed out"),
}

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

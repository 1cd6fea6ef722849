"""The field's terms as people read them: messages of the catalogues."""

from court.catalogue import N_

# One word for each value of court's enumerations; where two share a value they share the word.
LABELS = {
    # CourtRole and UserRole
    "judge": N_("Judge"),
    "secretary": N_("Secretary"),
    "prosecutor": N_("Prosecutor"),
    "defence": N_("Defence"),
    "claimant": N_("Claimant"),
    "respondent": N_("Respondent"),
    "defendant": N_("Defendant"),
    "victim": N_("Victim"),
    "witness": N_("Witness"),
    "expert": N_("Expert"),
    "interpreter": N_("Interpreter"),
    "remote": N_("Remote participant"),
    "party": N_("Party"),
    "admin": N_("Administrator"),
    # HearingState, and the state of a protocol
    "scheduled": N_("Scheduled"),
    "checked": N_("Room checked"),
    "recording": N_("Recording is on"),
    "paused": N_("Break"),
    "deliberation": N_("Deliberation room"),
    "ended": N_("Ended"),
    "draft": N_("Draft"),
    "under_correction": N_("Under correction"),
    "signed": N_("Signed"),
    "remarks_window": N_("Open for remarks"),
    "final": N_("Final"),
    "archived": N_("Archived"),
    "destroyed": N_("Destroyed by act"),
    "not_recorded": N_("Not recorded"),
    # Openness
    "open": N_("Open session"),
    "closed": N_("Closed session"),
    # GapCause
    "break": N_("Break"),
    "device_lost": N_("Device lost"),
    "overrun": N_("Sound lost: the computer was too slow"),
    "restart": N_("Recorder restarted"),
    "disk_full": N_("Disk full"),
    "undelivered": N_("Recorded, but never delivered"),
    "unexplained": N_("No cause recorded"),
    "spare": N_("Recorded by the spare node"),
    # NoteTemplate
    "opening": N_("Opening"),
    "recording_announced": N_("Recording announced"),
    "appearance": N_("Appearance"),
    "rights": N_("Rights explained"),
    "motion": N_("Motion"),
    "ruling": N_("Ruling"),
    "explanations": N_("Explanations"),
    "documents": N_("Documents examined"),
    "examination": N_("Examination of a person"),
    "evidence": N_("Physical evidence examined"),
    "pleadings": N_("Pleadings"),
    "last_word": N_("Last word"),
    "announcement": N_("Decision announced"),
    "closing": N_("Closing"),
    "free": N_("Note"),
    # Attendance
    "appeared": N_("Appeared"),
    "notified": N_("Absent, notified"),
    "not_notified": N_("Absent, no proof of notice"),
    # Procedure
    "civil": N_("Civil case"),
    "criminal": N_("Criminal case"),
    "administrative": N_("Administrative offence"),
}

LANGUAGE_NAMES = {"ru": "Русский", "ky": "Кыргызча", "kk": "Қазақша", "en": "English"}

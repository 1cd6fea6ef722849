"""Sentences on why a protocol was not signed or does not hold that no `raise` has as they stand: court/sentences.py."""

from court.catalogue import N_

SIGNING = (
    N_("The certificate of {name} was revoked on {date}: nothing was signed; sign with a valid one."),
    N_(
        "Whether the certificate of {name} was revoked could not be found out, since its authority does not answer or "
        "answers with something old: nothing was signed; try again later."
    ),
    N_("The certificate of {name} does not lead to an authority this court trusts: nothing was signed."),
    N_("The certificate of {name} does not lead to an authority this court trusts, or is not valid."),
    N_("The time-stamp authority {address} gives no time-stamp: nothing was signed; try again later."),
    N_("The protocol could not be signed: nothing was stored; the server's log says why."),
    N_("The fresh signature does not hold, so nothing was stored. {fault}"),
    N_("The signature was not made with the key of {name}, or its bytes were altered."),
    N_("Bytes of the PDF were altered after {name} signed it: its hash differs from the signed one."),
    N_("The signature of {name} covers {end} of {size} bytes: the rest was added after signing."),
    N_("The PDF or its signature is damaged and cannot be read ({kind})."),
    N_("The timestamp on the signature of {name} is damaged or of no authority this court trusts."),
    N_("The signed PDF is not the protocol that was to be signed, so nothing was stored: fetch it again, then sign."),
    N_("The signature service {address} answers {method} with what cannot be used: nothing was signed."),
)

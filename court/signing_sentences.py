"""Sentences on why a protocol was not signed, which reach people's pages as text (court/sentences.py)."""

from court.catalogue import N_

SIGNING = (
    N_("The certificate is that of {name}, but {person} is signing: sign with your own."),
    N_("The certificate of {name} is valid from {date} only: sign with a valid one."),
    N_("The certificate of {name} expired on {date}: sign with a valid one."),
    N_("The certificate of {name} is not for signing documents but for {uses}: sign with another."),
    N_(
        "The certificate of {name} does not say where its authority publishes revocations, so no signature of level "
        "B-LT can be made with it: use another, or set COURTREC_PROTOCOL_LEVEL."
    ),
    N_("The certificate of {name} was revoked on {date}: nothing was signed; sign with a valid one."),
    N_(
        "Whether the certificate of {name} was revoked could not be found out, since its authority does not answer or "
        "answers with something old: nothing was signed; try again later."
    ),
    N_("The certificate of {name} does not lead to an authority this court trusts: nothing was signed."),
    N_("The certificate of {name} does not lead to an authority this court trusts, or is not valid."),
    N_("The time-stamp authority {address} gives no time-stamp: nothing was signed; try again later."),
    N_("The protocol could not be signed: nothing was stored; the server's log says why."),
    N_("The protocol has no place left for the signature of the {role}: it is signed already."),
    N_("The protocol bears the signature of the {role} already."),
    N_("The secretary signs the protocol first, then the presiding judge."),
    N_("There is no draft to sign yet: wait until the hearing has been transcribed."),
    N_(
        "No key is set here by which {person} could sign as {role}: sign at the computer with your token, or have the "
        "key set in COURTREC_PROTOCOL_SIGNERS."
    ),
    N_("The fresh signature does not hold, so nothing was stored. {fault}"),
    N_("The signature was not made with the key of {name}, or its bytes were altered."),
    N_("Bytes of the PDF were altered after {name} signed it: its hash differs from the signed one."),
    N_("The signature of {name} covers {end} of {size} bytes: the rest was added after signing."),
    N_("The PDF or its signature is damaged and cannot be read ({kind})."),
    N_("The timestamp on the signature of {name} is damaged or of no authority this court trusts."),
    N_("The signed PDF is not the protocol that was to be signed, so nothing was stored: fetch it again, then sign."),
    N_("The PDF does not bear the signature of the {role} in its place: nothing was stored."),
    N_(
        "The signature of {name} is of level {level}, this court wants {wanted}: nothing was stored; set the "
        "time-stamp authority where you sign."
    ),
    N_("The signer's file {path} cannot be opened: it is damaged or the passphrase is wrong."),
    N_("The signer's file {path} cannot be read ({reason}): check the path and who may read it."),
    N_("The PKCS#11 library {path} is not there: install the token's software."),
    N_("The PIN of the token {token} is not given: set its pin_file, or enter it."),
    N_(
        "The PIN of the token {token} is wrong: correct it before you try again; after a few wrong ones a token locks "
        "itself."
    ),
    N_("The token {token} has locked itself after wrong PINs: have it unlocked with its maker's program."),
    N_("The token {token} is not there: plug it in and sign again."),
    N_(
        "The token {token} was unplugged or stopped answering while it signed ({kind}): nothing was signed; plug it in "
        "and sign again."
    ),
    N_(
        "The token {token} has no certificate with a key, both called {key}, or several: correct 'key' in the signers' "
        "file."
    ),
    N_("The signature service {address} does not answer ({kind}): nothing was signed; try again later."),
    N_("The signature service {address} refuses to sign ({reason}): nothing was signed."),
    N_("The signature service {address} answers {method} with what cannot be used: nothing was signed."),
)

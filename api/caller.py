"""The person behind a request and the place they sit in: what the access policy and the journal need to know."""

from dataclasses import dataclass

from api.access import Place
from court.people import UserRole


@dataclass(frozen=True, slots=True)
class Caller:
    """`csrf` is the form token of this session; `address` the client's network address."""

    id: int
    login: str
    name: str
    role: UserRole
    session_id: int
    csrf: str
    address: str
    place: Place

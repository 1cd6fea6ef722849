"""What a court may do about the keeping of a hearing's recording and protocol."""

from enum import StrEnum


class RetentionDeed(StrEnum):
    """`DESTROY` states, before anything is deleted, what will be; `DESTROYED` that it was done."""

    HOLD = "hold"
    LIFT = "lift"
    EXTEND = "extend"
    PROPOSE = "propose"
    APPROVE = "approve"
    DESTROY = "destroy"
    DESTROYED = "destroyed"

"""The outermost boxes of a fragmented MP4 file (ISO/IEC 14496-12 §4.2), as far as the recorder must know them."""

_INIT = (b"ftyp", b"moov")
_HEADER = 8


def init_size(head: bytes) -> int:
    """How many bytes at the beginning of a segment are its init part (ftyp and moov); 0 if it is not whole."""
    at, moov = 0, False
    while at + _HEADER <= len(head):
        size, kind = int.from_bytes(head[at : at + 4], "big"), head[at + 4 : at + _HEADER]
        if kind not in _INIT:
            return at if moov else 0
        if size < _HEADER or at + size > len(head):
            return 0
        moov = moov or kind == b"moov"
        at += size
    return at if moov else 0

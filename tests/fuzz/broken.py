"""A parser with a fault that chance would hardly find: three right bytes, each seen only once the one before is."""


class Fault(Exception):
    pass


def broken(data: bytes) -> None:
    if len(data) > 3 and data[0] == 0xC0 and data[1] == 0x0A and data[2] == 0x47:
        raise Fault("the fuzzer got here")

"""How many windows a GPU decodes at once. Pure."""

from transcribe.engines.prompt import CONTEXT

POSITIONS = 1500  # what the encoder makes of 30 s
_LAYERS = {384: 4, 512: 6, 768: 12, 1024: 24}
SPARE = 0.25  # of the free memory stays free: for activations, and for what fragments it


def decoder_layers(width: int) -> int:
    """Of OpenAI's models of that width, at most: of those of 1280 large has 32 and turbo 4."""
    return _LAYERS.get(width, 32)


def batch_size(free: int, layers: int, width: int, *, beams: int = 5, number: int = 2, most: int = 16) -> int:
    """Windows that fit `free` bytes, counted after the weights were loaded; 0 if not even one does.

    A Whisper decoder of so many `layers` and such `width` keeps keys and values of the encoder's positions and, for
    each of `beams`, of every token; `number` is bytes each (float16: 2).
    """
    window = 2 * layers * width * number * (POSITIONS + beams * CONTEXT)
    return min(most, int(free * (1 - SPARE)) // window)

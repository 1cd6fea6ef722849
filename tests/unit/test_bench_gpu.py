"""The bench of GPUs, as far as a processor can tell."""

from pathlib import Path

import ctranslate2
import pytest

from bench import gpu
from bench.random_whisper import LARGE_V3, Shape, save_random

TINY = Shape(encoder=1, decoder=1, width=64, heads=2, bands=80, tokens=51865)


def test_a_model_of_random_weights_is_a_multilingual_whisper_of_its_shape(tmp_path: Path) -> None:
    save_random(TINY, tmp_path, "float32")
    model = ctranslate2.models.Whisper(str(tmp_path), device="cpu", compute_type="int8")
    assert (model.is_multilingual, model.n_mels) == (True, TINY.bands)
    cost = gpu.measure(model, TINY, batch=2, tokens=5)
    assert (cost.batch, cost.encode > 0, cost.decode > 0) == (2, True, True)
    assert cost.times_real_time == pytest.approx(60 / (cost.encode + cost.decode))


def test_the_large_shape_is_that_of_large_v3() -> None:
    """1.54 billion weights, as OpenAI tells of it."""
    attention, feed_forward = 4 * LARGE_V3.width**2, 8 * LARGE_V3.width**2
    layers = LARGE_V3.encoder * (attention + feed_forward) + LARGE_V3.decoder * (2 * attention + feed_forward)
    assert layers + LARGE_V3.tokens * LARGE_V3.width == pytest.approx(1.54e9, rel=0.02)


@pytest.mark.skipif(ctranslate2.get_cuda_device_count() > 0, reason="there is a GPU")
def test_without_a_gpu_one_sentence_says_so() -> None:
    with pytest.raises(SystemExit) as ended:
        gpu.main()
    assert str(ended.value).startswith("No GPU that CTranslate2 can use was found")

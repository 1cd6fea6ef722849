"""Every parser on every input of the corpus, and on as many new ones as a test may take."""

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

from storage.ledger.verify import verify_hearing
from storage.offline import check_file
from tests.factories.hearing_log import KEYS
from tests.fuzz.campaign import CORPUS, Found, fuzz, reproducing
from tests.fuzz.signing import LOG_KEY, honest
from tests.fuzz.targets import AUTHORITY, TARGETS

SEED = "-seed=20261125"
MANY = 1000
RUNS = {"record": 100, "archive": 200, "folder": 200, "toml": 300}
"""New inputs for the slow targets; the others get MANY."""

INPUTS = [(target, path) for target in TARGETS for path in sorted((CORPUS / target).iterdir())]
guided = pytest.mark.skipif(find_spec("atheris") is None, reason="atheris has no wheel for this Python or machine")


@pytest.mark.parametrize(("target", "path"), INPUTS, ids=[f"{target}-{path.name}" for target, path in INPUTS])
def test_the_corpus_breaks_no_parser(target: str, path: Path) -> None:
    TARGETS[target](path.read_bytes())


def test_every_target_has_a_corpus() -> None:
    assert {folder.name for folder in CORPUS.iterdir()} == TARGETS.keys()


def test_what_the_targets_alter_is_genuine() -> None:
    """Without this, that nothing altered is believed would say nothing."""
    assert check_file(CORPUS / "archive" / "honest", LOG_KEY).whole
    assert verify_hearing(honest()[1].entries, KEYS, honest()[1].state) == []
    TARGETS["token"]((AUTHORITY / "token.der").read_bytes())


@pytest.fixture(scope="module")
def campaigns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Found]]]:
    """All targets, as many at once as the machine has cores: most of the time goes into starting them."""
    out = tmp_path_factory.mktemp("fuzz")
    pool = ThreadPoolExecutor(os.cpu_count())
    yield {
        target: pool.submit(fuzz, target, out / target, f"-runs={RUNS.get(target, MANY)}", SEED) for target in TARGETS
    }
    pool.shutdown(cancel_futures=True)


@guided
@pytest.mark.parametrize("target", TARGETS)
def test_no_new_input_breaks_a_parser(target: str, campaigns: dict[str, Future[Found]]) -> None:
    found = campaigns[target].result()
    assert not found.failed, "\n".join(
        [
            found.log,
            *(f"{crash.read_bytes().hex()}\nAgain with: {reproducing(target, crash)}" for crash in found.crashes),
        ]
    )
    assert found.executions >= RUNS.get(target, MANY)


@guided
def test_the_fuzzer_finds_a_fault(tmp_path: Path) -> None:
    found = fuzz("broken", tmp_path, f"-runs={200 * MANY}", SEED, module="tests.fuzz.broken")
    assert found.failed
    assert "the fuzzer got here" in found.log
    assert [crash.read_bytes()[:3] for crash in found.crashes] == [b"\xc0\x0a\x47"]

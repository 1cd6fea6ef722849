# The two commands: `make demo` shows the whole chain, `make test` proves it. Both set everything up themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint fuzz bench serve sample lock clean

demo: $(VENV)/.embedded  ## record the sample hearing and serve its signed protocol; ONCE=1 exits after the run
	$(BIN)/python tools/build_web.py
	$(BIN)/courtrec demo $(if $(ONCE),--once)

serve: $(VENV)/.embedded  ## the embedded server and its capture node
	$(BIN)/python tools/build_web.py
	$(BIN)/courtrec serve

test: $(VENV)/.dev  ## everything, against real services; says what it could not get
	bash tests/services/install.sh
	$(BIN)/python tools/build_web.py --test
	$(BIN)/pytest -n 2 --dist loadfile

lint: $(VENV)/.dev  ## style, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: $(VENV)/.dev  ## looks for inputs that break a parser, SECONDS_EACH (60) for every target; found ones lie in var/fuzz
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS_EACH),60)

bench: $(VENV)/.dev  ## the benches that take minutes each and nothing more; bench/README.md lists the others
	$(BIN)/python -m bench.transcript
	$(BIN)/python -m bench.degraded
	$(BIN)/python -m bench.hotwords
	$(BIN)/python -m bench.stages
	$(BIN)/python -m bench.throughput
	$(BIN)/python -m bench.voices
	$(BIN)/python -m bench.corrections
	$(BIN)/python -m bench.copies
	$(BIN)/python -m bench.copy_mark
	$(BIN)/python -m bench.store

sample: $(VENV)/.dev  ## makes the sample hearings again (needs Debian's festival, festvox-ru, flite, espeak-ng and sox)
	$(BIN)/python -m tools.make_sample_hearing

$(VENV)/.embedded: requirements/embedded.txt pyproject.toml
	tools/make_venv.sh $(PYTHON) $(VENV) requirements/embedded.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml
	tools/make_venv.sh $(PYTHON) $(VENV) requirements/dev.txt
	@touch $@ $(VENV)/.embedded

lock:  ## pins every dependency by hash again; needs `uv` on the PATH
	tools/lock.sh

clean:  ## removes what was installed and built, never what was recorded
	rm -rf $(VENV) api/web/dist api/web/node_modules build *.egg-info

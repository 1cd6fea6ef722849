"""The real servers of the integration tests: installed by ``install.sh``, started by ``processes``."""

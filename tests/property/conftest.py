"""The same examples on every run, and no verdict from how fast the machine is."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "courtrec", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("courtrec")

"""Small builders of valid things for tests, each taking only what the test is about."""

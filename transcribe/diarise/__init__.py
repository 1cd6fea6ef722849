"""Who speaks: by microphone where each role has one."""

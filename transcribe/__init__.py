"""From recorded segments to a transcript: who spoke, when, and which words, on the hearing's timeline."""

"""Recognisers behind one port; which one serves a language is a setting."""

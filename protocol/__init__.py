"""The brief electronic protocol: drafted from facts, laid out as a PDF, signed, verified."""

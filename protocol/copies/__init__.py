"""Copies of a hearing to hand out: what of its tracks may go, cut to the sample, and put into one file by FFmpeg."""

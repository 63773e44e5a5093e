"""Tells the listeners of this process, and the two kinds of connection they hang on."""

"""Regression and progression cases of one assistant: the file they are kept in, how they are made, the report."""

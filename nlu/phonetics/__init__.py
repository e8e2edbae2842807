"""Pronunciation: what words sound like, which are mistaken for which, and a recogniser's phone stream as evidence."""

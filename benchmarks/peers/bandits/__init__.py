"""Open Bandit Pipeline 0.5.7 and Vowpal Wabbit 9.11.9, the peers of the off-policy benchmark."""

"""From the log to a version of the routing policy: decisions as arrays, training, judging, the report, the registry."""

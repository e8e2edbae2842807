"""Training understanding on one's own data: `assistant train nlu`, `assistant eval nlu`."""

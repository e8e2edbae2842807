"""What `assistant init` and `assistant plugin new` start from."""

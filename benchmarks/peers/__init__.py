"""Other assistants, installed outside the repository and measured beside this one."""

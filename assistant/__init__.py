"""The application: configuration, composition, command line, chat and server."""

import os

# No part of the assistant reports to anybody. This one is read when the inference runtime is loaded, by whichever
# plugin does it first.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

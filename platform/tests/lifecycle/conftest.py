import os

import hypothesis

# How long an example takes says more about the machine's other work than about the code. In CI the same examples run
# each time, so that a failure there is never luck.
hypothesis.settings.register_profile(
    "lifecycle", deadline=None, derandomize=bool(os.environ.get("CI")), print_blob=True
)

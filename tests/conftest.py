"""Settings of every test: no deadlines, for a machine that is busy is not a failure, and no telemetry."""

from __future__ import annotations

import os

from hypothesis import settings

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
settings.register_profile("here", deadline=None)
settings.load_profile("here")

"""Inspect reads our log: run where inspect_ai is installed, which needs nothing of ours: `python inspect_reads.py LOG`."""

from __future__ import annotations

import sys

from inspect_ai.log import read_eval_log, read_eval_log_sample

log = read_eval_log(sys.argv[1])
assert log.status == "success", log.status
assert log.samples, "no samples"
assert log.results is not None
assert {s.name for s in log.results.scores} >= {"likability", "callback"}
for sample in log.samples:
    assert sample.scores is not None
    assert 1 <= sample.scores["likability"].value <= 5
    one = read_eval_log_sample(sys.argv[1], id=sample.id, epoch=sample.epoch)
    assert [m.text for m in one.messages] == [m.text for m in sample.messages]
    assert [m.role for m in one.messages][:3] == ["user", "user", "assistant"]
print(f"Inspect reads {len(log.samples)} samples")

"""Inspect lists and reads our logs: run where inspect_ai is installed, which needs nothing of ours: `python inspect_reads.py DIR`."""

from __future__ import annotations

import sys

from inspect_ai.log import list_eval_logs, read_eval_log, read_eval_log_sample

listed = list_eval_logs(sys.argv[1], formats=["json"])
assert listed, "no log is listed"
for file in listed:
    log = read_eval_log(file)
    assert log.status == "success", log.status
    assert log.samples, "no samples"
    assert log.results is not None
    assert {s.name for s in log.results.scores} >= {"likability", "callback"}
    assert (file.task, file.task_id) == (log.eval.task, log.eval.task_id)
    assert sum(u.total_tokens for u in log.stats.model_usage.values()) > 0
    for sample in log.samples:
        assert sample.scores is not None
        assert 1 <= sample.scores["likability"].value <= 5
        assert sample.scores["likability"].answer
        assert sample.total_time is not None
        assert sum(u.total_tokens for u in sample.model_usage.values()) == sum(u.total_tokens for u in sample.role_usage.values()) > 0
        one = read_eval_log_sample(file, id=sample.id, epoch=sample.epoch)
        assert [m.text for m in one.messages] == [m.text for m in sample.messages]
        assert [m.role for m in one.messages][:3] == ["user", "user", "assistant"]
print(f"Inspect lists {len(listed)} logs and reads {sum(len(read_eval_log(f).samples or ()) for f in listed)} samples")

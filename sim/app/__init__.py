"""The Python API: run a study, go on with a run, read one. The command line is a thin layer over this.

run = await sim.run_study("study.yaml")
for trial in run.trials:
    for session in trial.sessions:
        for exchange in session.exchanges:
            print(exchange.user.message, exchange.reply.text, exchange.ratings)
"""

from sim.app.baselines import keep_run_baseline
from sim.app.comparing import compare_by_identity, compare_raters, compare_runs, compare_with_itself, cross_runs, gate_run, pool_users
from sim.app.judges import attack_judges, measure_tagger, rate_edits
from sim.app.rescoring import count_absent, rescore_run
from sim.app.running import Announce, Prepared, open_people_run, prepare_study, resume_run, run_study
from sim.app.runs import RESULTS, Run, forget_run, load_run, load_run_and_events
from sim.app.suites import judge_run, prepare_suite
from sim.app.writing import OnStart, Staffed, staffed

__all__ = [
    "RESULTS",
    "Announce",
    "OnStart",
    "Prepared",
    "Run",
    "Staffed",
    "attack_judges",
    "compare_by_identity",
    "compare_raters",
    "compare_runs",
    "compare_with_itself",
    "count_absent",
    "cross_runs",
    "forget_run",
    "gate_run",
    "judge_run",
    "keep_run_baseline",
    "load_run",
    "load_run_and_events",
    "measure_tagger",
    "open_people_run",
    "pool_users",
    "prepare_study",
    "prepare_suite",
    "rate_edits",
    "rescore_run",
    "resume_run",
    "run_study",
    "staffed",
]

#!/usr/bin/env bash
# Runs the study, as run `ci` in rapport-results; a run that a job before has begun goes on.
set -euo pipefail
read -r -a options <<< "${OPTIONS:-}"
suite=(); [ -z "${SUITE:-}" ] || suite=(--suite "$SUITE")
status=0
if [ -e rapport-results/ci/run.db ]; then
  sim resume ci --results rapport-results || status=$?
else
  sim run "$STUDY" "${suite[@]}" --name ci --results rapport-results "${options[@]}" || status=$?
fi
# With a suite the status is its verdict (1, 4), which the next step gives again; anything else is a run that came to nothing.
case "$status" in 0|1|4) ;; *) exit "$status" ;; esac
sim report ci --results rapport-results

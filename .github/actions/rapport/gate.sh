#!/usr/bin/env bash
# Decides, and leaves rapport.md (for a comment and the job's summary) and rapport.xml (JUnit). Outside GitHub nothing else is written.
set -uo pipefail
asked=()
while IFS= read -r line; do [ -z "${line// /}" ] || asked+=(--require "$line"); done <<< "${REQUIRE:-}"
[ -z "${BASELINE:-}" ] || asked+=(--baseline "$BASELINE")
while IFS= read -r line; do [ -z "${line// /}" ] || asked+=(--margin "$line"); done <<< "${MARGIN:-}"
sim gate ci --results rapport-results "${asked[@]}" --inconclusive "${INCONCLUSIVE:-fail}" --junit rapport.xml --markdown rapport.md
status=$?
[ -e rapport.md ] || exit "$status"
cat rapport.md >> "${GITHUB_STEP_SUMMARY:-/dev/null}"
verdict=$(sed -n '1s/.*\(passed\|failed\|inconclusive\).*/\1/p' rapport.md)
case "$status" in 0) verdict=${verdict:-passed} ;; 1) verdict=failed ;; 4) verdict=inconclusive ;; esac
echo "verdict=$verdict" >> "${GITHUB_OUTPUT:-/dev/null}"
exit "$status"

"""`python -m tests.benchmarks`: speed, growth of the journal, and start-up, one table each. Minutes, not seconds; on a machine with nothing else to do."""

from __future__ import annotations

from tests.benchmarks import journal_growth, speed, startup

if __name__ == "__main__":
    speed.main()
    print()
    journal_growth.main(journal_growth.LENGTHS)
    print()
    startup.main(5)

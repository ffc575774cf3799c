"""`python -m tests.benchmarks`: speed, growth of the journal and start-up, a table each. Takes minutes; give it the machine for itself."""

from __future__ import annotations

from tests.benchmarks import journal_growth, speed, startup

if __name__ == "__main__":
    speed.main()
    print()
    journal_growth.main(journal_growth.LENGTHS)
    print()
    startup.main(5)

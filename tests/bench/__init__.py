"""What the lab costs, measured beside something that one can judge it by. `python -m tests.bench` prints the table."""

"""Which lines of `tinyssl` ran, in any process: `make coverage` asks for it.

On Python 3.11 coverage.py's tracer slows all Python code of a process, whoever wrote it: the tests
took 43 % of their processor time for it. Here each statement of `tinyssl` gets a mark in its code
(`marks`) and other code stays as it is (`start`). A mark writes one byte into a file that all
processes map, so that a process has nothing to save at its end, and what a killed one ran is
counted. coverage.py still says which lines are statements, and reports.
"""

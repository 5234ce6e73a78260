"""The parts of compare.py: programs, engines, measuring, tables and the chart."""
